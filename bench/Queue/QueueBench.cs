using System.Diagnostics;
using OsMEN.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Bench.Queue;

/// <summary>The queue alone: everything is queued before, then claimed under a lease and completed, with and without events.</summary>
internal static class QueueBench
{
    private const int Loops = 2;
    private const int Batch = 200;

    public static async Task RunAsync(PostgresServer server, Report report, string name, int[] sizes)
    {
        foreach (var size in sizes)
        {
            foreach (var withEvents in new[] { false, true })
            {
                await using var store = await Store.CreateAsync(name, server);
                await store.FillAsync(size);
                var elapsed = await DrainAsync(store.Executions, size, withEvents);
                report.Add("queue", name, $"drain {size:N0} queued{(withEvents ? ", two events each" : "")}", size / elapsed.TotalSeconds, "executions/s");
            }
        }
    }

    private static async Task<TimeSpan> DrainAsync(IExecutionStore store, int expected, bool withEvents)
    {
        var done = 0;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Loops).Select(loop => Task.Run(async () =>
        {
            while (Volatile.Read(ref done) < expected)
            {
                var claims = await store.ClaimAsync($"bench-{loop}", Batch, TimeSpan.FromMinutes(1), CancellationToken.None);
                if (claims.Count == 0)
                    continue;
                var held = await store.RecordAsync([.. claims.Select(c => Completed(c, withEvents))], CancellationToken.None);
                Interlocked.Add(ref done, held.Count(h => h));
            }
        })));
        var elapsed = Stopwatch.GetElapsedTime(started);
        var depth = await store.GetDepthAsync(CancellationToken.None);
        return done == expected && depth is { Due: 0, Running: 0 }
            ? elapsed
            : throw new InvalidOperationException($"{done} of {expected} were completed; {depth.Due} wait, {depth.Running} run.");
    }

    private static ExecutionRecord Completed(ClaimedExecution claim, bool withEvents)
    {
        var id = claim.Execution.Id;
        var now = TimeProvider.System.GetUtcNow();
        return new ExecutionRecord
        {
            Lease = claim.Lease,
            Events = withEvents
                ? new EventChunk(2, [EventFrames.Status(id, 2, ExecutionStatus.Running, now), EventFrames.Status(id, 3, ExecutionStatus.Completed, now)])
                : null,
            End = new AttemptEnd(ExecutionStatus.Completed, "null"),
        };
    }
}
