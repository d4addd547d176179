using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using OsMEN.Executions;
using OsMEN.Executions.Health;
using OsMEN.ServiceDefaults.Health;

namespace OsMEN.Tests.Executions;

public abstract partial class StoreBehaviour
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Changes_of_health_are_kept_once_and_told_oldest_first()
    {
        using var schema = await ReadySchemaAsync();
        var table = new HealthChangeTable(_test!.Database, schema);
        var changes = new[] { Change(1, null), Change(2, HealthStatus.Healthy), Change(3, HealthStatus.Degraded) };
        await table.AppendAsync(changes, Token);
        await table.AppendAsync([.. changes, Change(4, HealthStatus.Unhealthy) with { Message = "a\0b" }], Token);
        var found = await table.ReadAsync(Noon, 100, Token);
        Assert.Equal([.. changes, Change(4, HealthStatus.Unhealthy) with { Id = found[^1].Id, Message = "a b" }], found);
        Assert.Equal(found.Skip(1), await table.ReadAsync(Noon.AddMinutes(2), 100, Token));
        Assert.Equal(found.Skip(2), await table.ReadAsync(Noon, 2, Token));
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
