using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using OsMEN.Executions;
using OsMEN.Executions.Health;
using OsMEN.ServiceDefaults.Health;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Executions;

public abstract partial class StoreBehaviour
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Changes_of_health_are_kept_once_and_told_oldest_first()
    {
        using var schema = await ReadySchemaAsync();
        var table = new HealthChangeTable(_test!.Database, schema, new ManualTimeProvider());
        var changes = new[] { Change(1, null), Change(2, HealthStatus.Healthy), Change(3, HealthStatus.Degraded) };
        await table.AppendAsync(changes, Token);
        await table.AppendAsync([.. changes, Change(4, HealthStatus.Unhealthy) with { Message = "a\0b" }], Token);
        var found = await table.ReadAsync(Noon, 100, Token);
        Assert.Equal([.. changes, Change(4, HealthStatus.Unhealthy) with { Id = found[^1].Id, Message = "a b" }], found);
        Assert.Equal(found.Skip(1), await table.ReadAsync(Noon.AddMinutes(2), 100, Token));
        Assert.Equal(found.Skip(2), await table.ReadAsync(Noon, 2, Token));
    }

    [Fact]
    public async Task Changes_of_health_go_after_a_month_and_when_there_are_too_many()
    {
        using var schema = await ReadySchemaAsync();
        var clock = new ManualTimeProvider();
        var old = clock.GetUtcNow() - HealthChangeTable.KeptFor;
        await new HealthChangeTable(_test!.Database, schema, clock).AppendAsync([Change(0, null) with { At = old }, Change(1, null) with { At = old.AddMilliseconds(-1) }], Token);
        Assert.Equal([old], (await new HealthChangeTable(_test.Database, schema, clock).ReadAsync(DateTimeOffset.UnixEpoch, 10, Token)).Select(c => c.At));

        var sql = string.Create(CultureInfo.InvariantCulture, $"""
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {HealthChangeTable.KeptRows + 50})
            INSERT INTO health_changes SELECT 'n' || i, 's', 'i', 'c', NULL, 'healthy', {Noon.ToUnixTimeMilliseconds()} + i, NULL FROM n
            """);
        await using (var fill = _test.Database.CreateCommand(sql))
            await fill.ExecuteNonQueryAsync(Token);
        var latest = Change(60, null);
        await new HealthChangeTable(_test.Database, schema, clock).AppendAsync([latest], Token);
        await using var count = _test.Database.CreateCommand("SELECT count(*) FROM health_changes");
        Assert.Equal((long)HealthChangeTable.KeptRows, await count.ExecuteScalarAsync(Token));
        Assert.Equal([latest], await new HealthChangeTable(_test.Database, schema, clock).ReadAsync(latest.At, 10, Token));
    }

    private static HealthChange Change(int minute, HealthStatus? from)
    {
        var at = Noon.AddMinutes(minute);
        return new HealthChange(Guid.CreateVersion7(at), "gateway", "gateway-1", "database", from, HealthStatus.Unhealthy, at, from is null ? null : "No answer.");
    }

    private async Task<ExecutionSchema> ReadySchemaAsync()
    {
        var schema = new ExecutionSchema(Store, TimeProvider.System, NullLogger<ExecutionSchema>.Instance);
        await schema.StartAsync(Token);
        await schema.Ready.WaitAsync(Token);
        return schema;
    }
}
