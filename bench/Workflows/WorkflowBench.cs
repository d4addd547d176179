using System.Diagnostics;
using OsMEN.Bench.EndToEnd;
using OsMEN.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Bench.Workflows;

/// <summary>Chains of ten steps that do nothing (bench/catalog/workflows/chain.yaml), on one worker: what the workflow itself takes.</summary>
internal static class WorkflowBench
{
    private const int Steps = 10;
    private const int Together = 300;
    private const int Alone = 30;

    public static async Task RunAsync(PostgresServer server, RedisServer redis, Report report, string name)
    {
        await using var store = await Store.CreateAsync(name, server);
        await using var system = await SystemUnderTest.StartAsync(store, redis, worker: true);
        await RunAsync(store.Executions, 5);
        var waits = new List<double>();
        var totals = new List<double>();
        for (var i = 0; i < Alone; i++)
        {
            var id = (await RunAsync(store.Executions, 1))[0];
            var steps = (await store.Executions.ListAsync(new ExecutionQuery { ParentId = id, Limit = Steps }, CancellationToken.None)).OrderBy(s => s.CreatedAt).ToArray();
            waits.AddRange(steps.Zip(steps.Skip(1), (before, after) => (after.StartedAt - before.CompletedAt)!.Value.TotalMilliseconds));
            totals.Add((await store.Executions.GetAsync(id, CancellationToken.None))!.Duration!.Value.TotalMilliseconds);
        }

        report.Add("workflows", name, "from a step's end to the next one's start, p50", Load.Percentile(waits, 50), "ms");
        report.Add("workflows", name, "from a step's end to the next one's start, p99", Load.Percentile(waits, 99), "ms");
        report.Add("workflows", name, $"{Steps} steps one after the other, p50", Load.Percentile(totals, 50), "ms");
        var started = Stopwatch.GetTimestamp();
        await RunAsync(store.Executions, Together);
        report.Add("workflows", name, $"{Together} workflows of {Steps} steps at once", Together * Steps / Stopwatch.GetElapsedTime(started).TotalSeconds, "steps/s");
    }

    private static async Task<Guid[]> RunAsync(IExecutionStore store, int count)
    {
        var items = Enumerable.Range(0, count).Select(_ => Store.New() with { Kind = ExecutionKind.Workflow, Target = "chain", MaxAttempts = 20 }).ToArray();
        await store.AcceptAsync(items, CancellationToken.None);
        await Programs.UntilAsync(
            async () => await store.GetDepthAsync(CancellationToken.None) is { Due: 0, Scheduled: 0, Running: 0, Parked: 0 }, "all workflows have ended", TimeSpan.FromMinutes(5));
        var ended = await store.ListAsync(new ExecutionQuery { Kind = ExecutionKind.Workflow, Limit = count }, CancellationToken.None);
        return ended.All(e => e.Status == ExecutionStatus.Completed) ? [.. items.Select(i => i.Id)] : throw new InvalidOperationException("A workflow failed.");
    }
}
