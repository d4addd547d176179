using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Monitoring;

/// <summary>What boards ask the database's views.</summary>
public sealed class BoardSqlTests(PostgresServer postgres)
{
    [Fact]
    public async Task PostgreSQL_answers_every_query_of_a_board()
    {
        await using var store = await TestStore.PostgresAsync(postgres);
        var queries = (from board in MonitoringFiles.Boards.Values
                       from panel in MonitoringFiles.Panels(board)
                       from target in panel["targets"]?.AsArray() ?? []
                       where target["rawSql"] is not null
                       select target["rawSql"]!.GetValue<string>()).ToArray();
        Assert.Equal(10, queries.Length);
        foreach (var sql in queries)
        {
            await using var command = store.Database.CreateCommand(sql);
            await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);

            // A sum is there on an empty system too.
            Assert.True(!sql.Contains("coalesce", StringComparison.Ordinal) || (await reader.ReadAsync(TestContext.Current.CancellationToken) && reader.GetDecimal(0) == 0), sql);
        }
    }
}
