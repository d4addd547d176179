using System.Diagnostics;
using System.Globalization;
using OsMEN.Bench.EndToEnd;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Bench.Gateway;

/// <summary>
/// What the gateway adds to a call of a model, with its usage counted, priced and written: against the same fake provider asked directly and through
/// Portkey's gateway, one after the other in each run.
/// </summary>
internal static class GatewayBench
{
    private const int Rate = 500;

    private static readonly TimeSpan Warm = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(8);

    public static async Task RunAsync(PostgresServer postgres, RedisServer redis, Report report)
    {
        var provider = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Programs.FreePort()}"));
        using var fake = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "OsMEN.Bench.dll"), "provider", provider.ToString()]))!;
        try
        {
            await using var store = await Store.CreateAsync("PostgreSQL", postgres);
            await using var system = await SystemUnderTest.StartAsync(store, redis, worker: false, new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["OPENAI_API_KEY"] = "sk-bench",
                ["OPENAI_BASE_URL"] = new Uri(provider, "/v1").ToString(),
            });
            await using var portkey = await PortkeyServer.StartAsync();
            if (portkey is null)
                Console.Error.WriteLine("Portkey is left out: it needs Node.js and a registry.");
            await MeasureAsync(report, [.. Targets(provider, system.Gateway, portkey?.Address)]);
        }
        finally
        {
            fake.Kill();
            await fake.WaitForExitAsync();
        }
    }

    private static IEnumerable<Target> Targets(Uri provider, Uri gateway, Uri? portkey)
    {
        yield return new("direct", provider, "gpt-4o-mini", "sk-bench", "");
        yield return new("OsMEN", gateway, "openai/gpt-4o-mini", SystemUnderTest.Key, "");
        if (portkey is not null)
            yield return new("Portkey", portkey, "gpt-4o-mini", "sk-bench", $"x-portkey-provider: openai\r\nx-portkey-custom-host: {new Uri(provider, "/v1")}\r\n");
    }

    private static async Task MeasureAsync(Report report, Target[] targets)
    {
        foreach (var isStream in (bool[])[false, true])
        {
            var what = isStream ? "stream of 20 chunks" : "plain";
            foreach (var connections in (int[])[32, 128])
            {
                var loads = new Dictionary<string, Load>(StringComparer.Ordinal);
                foreach (var target in targets)
                {
                    await LoadAsync(target, isStream, connections, Warm);
                    var load = loads[target.Name] = await LoadAsync(target, isStream, connections, Measured);
                    report.Add("gateway", target.Name, $"{what}, {connections} connections", load.PerSecond, "requests/s");
                    report.Add("gateway", target.Name, $"{what}, {connections} connections, p50", load.Percentile(50), "ms");
                    report.Add("gateway", target.Name, $"{what}, {connections} connections, p99", load.Percentile(99), "ms");
                }

                if (loads.TryGetValue("Portkey", out var peer))
                    report.Add("gateway", "OsMEN ÷ Portkey", $"{what}, {connections} connections", loads["OsMEN"].PerSecond / peer.PerSecond, "×");
            }

            Load? direct = null;
            foreach (var target in targets)
            {
                await PaceAsync(target, isStream, Warm);
                var load = await PaceAsync(target, isStream, Measured);
                direct ??= load;
                report.Add("gateway", target.Name, $"{what} at {Rate}/s, p50", load.Percentile(50), "ms");
                report.Add("gateway", target.Name, $"{what} at {Rate}/s, p99", load.Percentile(99), "ms");
                if (ReferenceEquals(direct, load))
                    continue;
                report.Add("gateway", $"{target.Name} − direct", $"{what} at {Rate}/s, added p50", load.Percentile(50) - direct.Percentile(50), "ms");
                report.Add("gateway", $"{target.Name} − direct", $"{what} at {Rate}/s, added p99", load.Percentile(99) - direct.Percentile(99), "ms");
            }
        }
    }

    /// <summary>Each connection sends again as soon as it has its answer.</summary>
    private static async Task<Load> LoadAsync(Target target, bool isStream, int connections, TimeSpan duration)
    {
        var request = target.Request(isStream);
        var times = new List<double>[connections];
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, connections).Select(async i =>
        {
            var own = times[i] = [];
            using var client = await LoadClient.ConnectAsync(target.Address);
            while (Stopwatch.GetElapsedTime(started) < duration)
            {
                var sent = Stopwatch.GetTimestamp();
                await SendAsync(client, request, target);
                own.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
            }
        }));
        return new Load([.. times.SelectMany(t => t)], Stopwatch.GetElapsedTime(started));
    }

    /// <summary>A fixed rate whatever the answers take, over as many connections as that needs; from the moment of sending.</summary>
    private static async Task<Load> PaceAsync(Target target, bool isStream, TimeSpan duration)
    {
        var request = target.Request(isStream);
        var idle = new Stack<LoadClient>();
        var pending = new List<Task>();
        var times = new List<double>();
        var total = (int)(Rate * duration.TotalSeconds);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        var started = Stopwatch.GetTimestamp();
        for (var sent = 0; sent < total;)
        {
            await timer.WaitForNextTickAsync();
            for (var due = Math.Min(total, (int)(Stopwatch.GetElapsedTime(started).TotalSeconds * Rate)); sent < due; sent++)
                pending.Add(OneAsync());
        }

        await Task.WhenAll(pending);
        foreach (var client in idle)
            client.Dispose();
        return new Load(times, Stopwatch.GetElapsedTime(started));

        async Task OneAsync()
        {
            LoadClient? client;
            lock (idle)
                idle.TryPop(out client);
            var wasUsed = client is not null;
            client ??= await LoadClient.ConnectAsync(target.Address);
            var sent = Stopwatch.GetTimestamp();
            try
            {
                await SendAsync(client, request, target);
            }
            catch (Exception e) when (wasUsed && e is IOException or System.Net.Sockets.SocketException)
            {
                // The server closed it meanwhile, as it may: Node does after five idle seconds.
                client.Dispose();
                client = await LoadClient.ConnectAsync(target.Address);
                sent = Stopwatch.GetTimestamp();
                await SendAsync(client, request, target);
            }

            var took = Stopwatch.GetElapsedTime(sent).TotalMilliseconds;
            lock (idle)
            {
                times.Add(took);
                idle.Push(client);
            }
        }
    }

    private static async Task SendAsync(LoadClient client, byte[] request, Target target)
    {
        if (await client.SendAsync(request) is var status and not 200)
            throw new InvalidOperationException($"{target.Name} answered {status}: {client.LastBody()}");
    }

    private sealed record Target(string Name, Uri Address, string Model, string Key, string Headers)
    {
        public byte[] Request(bool isStream) => LoadClient.Post(
            Address,
            "/v1/chat/completions",
            Key,
            $$"""{"model":"{{Model}}","messages":[{"role":"system","content":"You are helpful."},{"role":"user","content":"Say something about foxes."}]{{(isStream ? ""","stream":true""" : "")}}}""",
            Headers);
    }
}
