using System.Net;
using Microsoft.Data.Sqlite;
using Npgsql;
using OsMEN.Executions;
using OsMEN.Tests.Gateway;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Executions;

/// <summary>Which failures count as an outage of the database, and what an unexpected one does.</summary>
public sealed class StoreFaultTests(PostgresServer postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("53100", true)] // disk full
    [InlineData("25006", true)] // read-only
    [InlineData("53300", true)] // too many connections
    [InlineData("57P01", true)] // the server stops
    [InlineData("57P03", true)] // the server starts
    [InlineData("57014", true)] // statement timeout
    [InlineData("40P01", true)] // deadlock
    [InlineData("55P03", true)] // lock timeout
    [InlineData("58030", true)] // disk error
    [InlineData("08006", true)] // connection failure
    [InlineData("3D000", true)] // no such database
    [InlineData("28P01", true)] // wrong password
    [InlineData("XX000", true)] // internal error
    [InlineData("22003", false)] // number out of range
    [InlineData("23505", false)] // duplicate
    [InlineData("25P02", false)] // transaction already failed
    [InlineData("42P01", false)] // no such table
    [InlineData("42601", false)] // syntax
    [InlineData("0A000", false)] // not supported
    public void PostgreSQL_errors_are_classified_by_SQLSTATE(string state, bool isFault) =>
        Assert.Equal(isFault, StoreFault.Is(new PostgresException("text", "ERROR", "ERROR", state)));

    [Theory]
    [InlineData(5, true)] // BUSY
    [InlineData(8, true)] // READONLY
    [InlineData(10, true)] // IOERR
    [InlineData(13, true)] // FULL
    [InlineData(14, true)] // CANTOPEN
    [InlineData(1, false)] // ERROR: no such table, syntax
    [InlineData(19, false)] // CONSTRAINT
    [InlineData(21, false)] // MISUSE
    public void SQLite_errors_are_classified_by_code(int code, bool isFault) => Assert.Equal(isFault, StoreFault.Is(new SqliteException("text", code)));

    [Fact]
    public void Bugs_are_not_outages()
    {
        Assert.False(StoreFault.Is(new InvalidOperationException("Sequence contains no elements")));
        Assert.False(StoreFault.Is(new ObjectDisposedException("connection")));
        Assert.False(StoreFault.Is(new Exception("somebody's")));
        Assert.False(StoreFault.Is(new OperationCanceledException()));
        Assert.True(StoreFault.Is(new ObjectDisposedException("NpgsqlTransaction", new NpgsqlException("broken", new IOException()))));
    }

    [Fact]
    public async Task An_error_of_a_misused_client_is_not_an_outage()
    {
        await using var connection = new NpgsqlConnection(await postgres.CreateDatabaseAsync());
        await using var command = new NpgsqlCommand("SELECT 1", connection);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => command.ExecuteScalarAsync(Token));
        Assert.Equal("Npgsql", error.Source);
        Assert.False(StoreFault.Is(error));
    }

    [Fact]
    public async Task Unexpected_message_of_PostgreSQL_is_an_outage_although_Npgsql_has_no_type_for_it()
    {
        await using var relay = new PostgresRelay(await postgres.CreateDatabaseAsync());
        await using var connection = new NpgsqlConnection(relay.ConnectionString);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand("SELECT 1", connection);
        relay.BreakNext();
        var error = await Assert.ThrowsAsync<Exception>(() => command.ExecuteScalarAsync(Token));
        Assert.Contains("unexpected backend message", error.Message, StringComparison.Ordinal);
        Assert.True(StoreFault.Is(error));
    }

    [Fact]
    public async Task Unexpected_message_of_PostgreSQL_is_retried_by_the_recorder()
    {
        await using var relay = new PostgresRelay(await postgres.CreateDatabaseAsync());
        await using var test = await TestStore.PostgresAsync(postgres, relay.ConnectionString);
        await using var worker = await ServiceHarness.CreateAsync(test.Store);
        var id = (await worker.Acceptor.AcceptAsync(StoreBehaviour.New(), Token)).Execution!.Id;
        using var running = worker.Recorder.Open((await test.Store.ClaimAsync("w", 1, TimeSpan.FromMinutes(1), Token))[0]);
        relay.BreakNext();
        Assert.True(await running.EndAsync(new AttemptEnd(ExecutionStatus.Completed, "1")));
        Assert.Equal((1, ExecutionStatus.Completed), (relay.Broken, (await test.Store.GetAsync(id, Token))!.Status));
    }

    [Fact]
    public async Task Unexpected_message_of_PostgreSQL_is_answered_with_503_and_Retry_After()
    {
        await using var relay = new PostgresRelay(await postgres.CreateDatabaseAsync());
        await using var gateway = new GatewayServer(new() { ["ConnectionStrings:osmen"] = relay.ConnectionString });
        await gateway.InitializeAsync();
        var path = $"/api/v1/executions/{(await gateway.StartAsync()).GetProperty("id").GetGuid()}";
        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Get, path)).Status);

        // The gateway's background loops use the relay too, so the broken answer may be theirs.
        for (var broken = HttpStatusCode.OK; broken == HttpStatusCode.OK;)
        {
            relay.BreakNext();
            (broken, _, var response) = await gateway.SendAsync(HttpMethod.Get, path);
            if (broken == HttpStatusCode.OK) continue;
            Assert.Equal((HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(1)), (broken, response.Headers.RetryAfter?.Delta));
        }

        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Get, path)).Status);
    }

    [Fact]
    public async Task Record_that_SQLite_refuses_fails_its_own_execution_only()
    {
        await using var test = await TestStore.SqliteAsync();
        await using var worker = await ServiceHarness.CreateAsync(test.Store);
        for (var i = 0; i < 2; i++)
            await worker.Acceptor.AcceptAsync(StoreBehaviour.New(), Token);
        var claims = await test.Store.ClaimAsync("w", 2, TimeSpan.FromMinutes(1), Token);
        await using (var connection = await test.Database.OpenConnectionAsync(Token))
        {
            await using var trigger = connection.CreateCommand();
            trigger.CommandText = $"CREATE TRIGGER refuse BEFORE UPDATE OF output ON executions WHEN NEW.output = '\"bad\"' BEGIN SELECT RAISE(ABORT, 'refused'); END";
            await trigger.ExecuteNonQueryAsync(Token);
        }

        using var bad = worker.Recorder.Open(claims[0]);
        using var good = worker.Recorder.Open(claims[1]);
        var refused = bad.EndAsync(new AttemptEnd(ExecutionStatus.Completed, "\"bad\""));
        Assert.True(await good.EndAsync(new AttemptEnd(ExecutionStatus.Completed, "\"good\"")));
        await Assert.ThrowsAsync<SqliteException>(() => refused);
        Assert.Equal(StopReason.LeaseLost, bad.StopReason);
    }
}
