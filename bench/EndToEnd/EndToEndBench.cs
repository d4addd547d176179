using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OsMEN.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Bench.EndToEnd;

/// <summary>The whole way by HTTP: accept, queue, start, finish, with events, on one gateway and one worker whose agent does nothing.</summary>
internal static class EndToEndBench
{
    private const int Connections = 32;
    private const string Path = "/api/v1/agents/noop/executions";

    /// <summary>Accepts alone: no worker runs.</summary>
    public static async Task AcceptsAsync(PostgresServer server, RedisServer redis, Report report, string name)
    {
        await using var store = await Store.CreateAsync(name, server);
        await using var system = await SystemUnderTest.StartAsync(store, redis, worker: false);
        await PostAsync(system, TimeSpan.FromSeconds(2));
        var load = await PostAsync(system, TimeSpan.FromSeconds(8));
        report.Add("accept", name, $"{Connections} connections", load.PerSecond, "accepts/s");
        report.Add("accept", name, $"{Connections} connections, p50", load.Percentile(50), "ms");
        report.Add("accept", name, $"{Connections} connections, p99", load.Percentile(99), "ms");
    }

    /// <summary>Load for ten seconds, until everything is done.</summary>
    public static async Task ThroughputAsync(PostgresServer server, RedisServer redis, Report report, string name)
    {
        await using var store = await Store.CreateAsync(name, server);
        await using var system = await SystemUnderTest.StartAsync(store, redis, worker: true);
        await EmptyAsync(store);
        var rest = system.ResidentMegabytes();
        report.Add("rest", name, "gateway resident at rest", rest[0], "MB");
        report.Add("rest", name, "worker resident at rest", rest[1], "MB");
        await PostAsync(system, TimeSpan.FromSeconds(3));
        await EmptyAsync(store);
        var started = Stopwatch.GetTimestamp();
        var load = await PostAsync(system, TimeSpan.FromSeconds(10));
        await EmptyAsync(store);
        report.Add("end to end", name, $"{Connections} connections, accepted to completed", load.Count / Stopwatch.GetElapsedTime(started).TotalSeconds, "executions/s");
        report.Add("end to end", name, $"{Connections} connections, accept p50", load.Percentile(50), "ms");
        report.Add("end to end", name, $"{Connections} connections, accept p99", load.Percentile(99), "ms");
    }

    /// <summary>100 a second, evenly: what a request waits when there is no queue.</summary>
    public static async Task LatencyAsync(PostgresServer server, RedisServer redis, Report report, string name)
    {
        await using var store = await Store.CreateAsync(name, server);
        await using var system = await SystemUnderTest.StartAsync(store, redis, worker: true);
        await PaceAsync(system, 500);
        await EmptyAsync(store);
        var from = TimeProvider.System.GetUtcNow();
        await PaceAsync(system, 2000);
        await EmptyAsync(store);
        await ReportLatencyAsync(store, report, name, "100/s", from);
    }

    /// <summary>100,000 executions at a steady rate: memory and latency of the first ten thousand and of the last.</summary>
    public static async Task SoakAsync(PostgresServer server, RedisServer redis, Report report, string name)
    {
        await using var store = await Store.CreateAsync(name, server);
        await using var system = await SystemUnderTest.StartAsync(store, redis, worker: true);
        for (var tenth = 1; tenth <= 10; tenth++)
        {
            var load = await PostCountAsync(system, 10_000);
            await EmptyAsync(store);
            if (tenth is not (1 or 2 or 10))
                continue;
            var memory = system.ResidentMegabytes();
            var measure = string.Create(CultureInfo.InvariantCulture, $"after {tenth * 10_000:N0} executions");
            report.Add("soak", name, $"{measure}, accept p50", load.Percentile(50), "ms");
            report.Add("soak", name, $"{measure}, gateway resident", memory[0], "MB");
            report.Add("soak", name, $"{measure}, worker resident", memory[1], "MB");
        }
    }

    private static async Task ReportLatencyAsync(Store store, Report report, string name, string load, DateTimeOffset from)
    {
        var starts = new List<double>();
        var ends = new List<double>();
        Guid? before = null;
        while (true)
        {
            var page = await store.Executions.ListAsync(new ExecutionQuery { Since = from, Before = before, Limit = 1000 }, CancellationToken.None);
            foreach (var e in page)
            {
                // The agent reports when it began, in its own words: after the claim's commit and answer.
                using var output = JsonDocument.Parse(e.Output!);
                starts.Add(output.RootElement.GetProperty("started_us").GetInt64() / 1000.0 - (e.CreatedAt - DateTimeOffset.UnixEpoch).TotalMilliseconds);
                ends.Add((e.CompletedAt!.Value - e.CreatedAt).TotalMilliseconds);
            }

            if (page.Count < 1000)
                break;
            before = page[^1].Id;
        }

        foreach (var (what, values) in new[] { ("accept to start", starts), ("accept to finish", ends) })
        {
            report.Add("latency", name, $"{what} at {load}, p50", Load.Percentile(values, 50), "ms");
            report.Add("latency", name, $"{what} at {load}, p99", Load.Percentile(values, 99), "ms");
        }
    }

    private static async Task<Load> PostAsync(SystemUnderTest system, TimeSpan duration)
    {
        var until = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        return await PostWhileAsync(system, () => Stopwatch.GetTimestamp() < until);
    }

    private static async Task<Load> PostCountAsync(SystemUnderTest system, int count)
    {
        var sent = 0;
        return await PostWhileAsync(system, () => Interlocked.Increment(ref sent) <= count);
    }

    private static async Task<Load> PostWhileAsync(SystemUnderTest system, Func<bool> more)
    {
        var request = Request(system);
        var times = new List<double>[Connections];
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(async i =>
        {
            var own = times[i] = [];
            using var client = await LoadClient.ConnectAsync(system.Gateway);
            while (more())
            {
                var sent = Stopwatch.GetTimestamp();
                var status = await client.SendAsync(request);
                own.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
                if (status != 202)
                    throw new InvalidOperationException($"Status {status}: {client.LastBody()}");
            }
        }));
        return new Load([.. times.SelectMany(t => t)], Stopwatch.GetElapsedTime(started));
    }

    private static async Task PaceAsync(SystemUnderTest system, int count)
    {
        var request = Request(system);
        using var client = await LoadClient.ConnectAsync(system.Gateway);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        for (var i = 0; i < count; i++)
        {
            await timer.WaitForNextTickAsync();
            if (await client.SendAsync(request) is var status and not 202)
                throw new InvalidOperationException($"Status {status}: {client.LastBody()}");
        }
    }

    private static byte[] Request(SystemUnderTest system) =>
        LoadClient.Post(system.Gateway, Path, SystemUnderTest.Key, """{"input":{"text":"nothing"}}""");

    private static Task EmptyAsync(Store store) => Programs.UntilAsync(
        async () => await store.Executions.GetDepthAsync(CancellationToken.None) is { Due: 0, Running: 0 }, "the queue is empty", TimeSpan.FromMinutes(2));
}
