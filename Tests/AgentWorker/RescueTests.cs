using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using OsMEN.Executions;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.AgentWorker;

public sealed class RescueTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_ends_because_its_worker_went_away_is_counted_once_and_its_children_are_cancelled()
    {
        await using var test = await TestStore.SqliteAsync();
        var seen = new ConcurrentQueue<string>();
        using var listener = new MeterListener { InstrumentPublished = Enable };
        listener.SetMeasurementEventCallback<long>((i, value, tags, _) => seen.Enqueue(Line(i, value, tags)));
        listener.Start();
        var lost = StoreBehaviour.New() with { Target = "lost_agent", MaxAttempts = 1 };
        var again = StoreBehaviour.New() with { Target = "lost_once", MaxAttempts = 2 };
        var child = StoreBehaviour.New() with { ParentId = lost.Id, RunAt = DateTimeOffset.UnixEpoch.AddYears(100) };
        await test.Store.AcceptAsync([lost, again, child], Token);
        Assert.Equal(2, (await test.Store.ClaimAsync("dead", 2, TimeSpan.Zero, Token)).Count);

        // The catalogue knows neither: the one that is run again fails for that.
        await using var first = await TestWorker.StartAsync(test.ConnectionString, (_, _) => throw new InvalidOperationException());
        await using var second = await TestWorker.StartAsync(test.ConnectionString, (_, _) => throw new InvalidOperationException());
        await Programs.UntilAsync(async () => (await test.Store.GetAsync(child.Id, Token))!.Status == ExecutionStatus.Cancelled, "the child is cancelled");
        await Programs.UntilAsync(async () => (await test.Store.GetAsync(again.Id, Token))!.Status == ExecutionStatus.Failed, "the other one has run again");
        await Programs.UntilAsync(() => Task.FromResult(seen.Contains("agent_executions lost_once failed 1")), "it is counted");
        Assert.Equal(["agent_executions lost_agent failed 1"], seen.Where(s => s.StartsWith("agent_executions lost_agent", StringComparison.Ordinal) && !s.EndsWith(" 0", StringComparison.Ordinal)));
        Assert.Contains("errors WorkerLost agents 1", seen);
        Assert.Equal("WorkerLost", (await test.Store.GetAsync(lost.Id, Token))!.Error!.Type);

        static void Enable(Instrument instrument, MeterListener listener)
        {
            if (instrument.Name.StartsWith(TestWorker.Prefix, StringComparison.Ordinal))
                listener.EnableMeasurementEvents(instrument);
        }

        static string Line(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            $"{instrument.Name[TestWorker.Prefix.Length..]} {string.Join(' ', tags.ToArray().Select(t => t.Value))} {value}";
    }
}
