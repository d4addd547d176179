using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.AppHost;

/// <summary>
/// Kills one process after the other of a system under load, each of which comes back within 10 s. Every execution that was accepted
/// completes, once.
/// </summary>
[Collection(AloneOnTheMachine.Name)]
public sealed class RestartTests
{
    private static readonly TimeSpan BackWithin = TimeSpan.FromSeconds(10);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task Killed_process_of_the_embedded_backing_comes_back_and_nothing_is_lost() =>
        KillEachAsync("embedded", "OsMEN.Gateway.dll", "OsMEN.AgentWorker.dll", "OsMEN.Garnet.dll");

    [Fact]
    public Task Killed_process_of_the_native_backing_comes_back_and_nothing_is_lost()
    {
        Programs.Need("PostgreSQL", "initdb");
        Programs.Need("Redis", "redis-server", "valkey-server");
        return KillEachAsync("native", "OsMEN.Gateway.dll", "OsMEN.AgentWorker.dll", "redis-server", "postgres-server");
    }

    [Fact]
    public async Task Killed_postmaster_whose_children_hang_is_replaced()
    {
        Programs.Need("PostgreSQL", "initdb");
        Programs.Need("Redis", "redis-server", "valkey-server");
        await using var host = new AppHostProcess().Start("--backing", "native");
        await host.UntilReadyAsync();
        using var http = host.CreateClient();
        var postmaster = host.FindServer("postgres-server")!.Value;
        var children = (await Programs.RunAsync("pgrep", "-P", postmaster.ToString(CultureInfo.InvariantCulture))).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(children);
        await Programs.RunAsync("/bin/kill", ["-STOP", .. children]);
        Process.GetProcessById(postmaster).Kill();
        await host.UntilAsync(() => Task.FromResult(children.All(pid => !Directory.Exists($"/proc/{pid}"))), "what is left is gone", TimeSpan.FromSeconds(10));

        // The gateway's readiness may still be that of before.
        await host.UntilAsync(
            async () => (await AppHostProcess.RunAgentAsync(http, Token)).GetProperty("status").GetString() == "COMPLETED", "another server answers", TimeSpan.FromSeconds(30));
    }

    private static async Task KillEachAsync(string backing, params string[] victims)
    {
        await using var host = new AppHostProcess().Start("--backing", backing);
        await host.UntilReadyAsync();
        using var http = host.CreateClient();
        using var loading = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var accepted = new ConcurrentBag<Guid>();
        var load = Task.WhenAll(Enumerable.Range(0, 4).Select(n => LoadAsync(http, n, accepted, loading.Token)));
        foreach (var victim in victims)
        {
            var before = accepted.Count;
            await host.UntilAsync(() => Task.FromResult(accepted.Count > before + 20), "work is under way");
            var pid = ProcessOf(host, victim) ?? throw new InvalidOperationException($"No process of this run is {victim}.");
            Process.GetProcessById(pid).Kill();
            var killed = Stopwatch.GetTimestamp();
            await host.UntilAsync(
                async () => ProcessOf(host, victim, not: pid) is not null && (await http.GetAsync(new Uri("/health/ready", UriKind.Relative), Token)).IsSuccessStatusCode,
                $"{victim} is back and the gateway ready",
                BackWithin + BackWithin);
            Assert.True(Stopwatch.GetElapsedTime(killed) < BackWithin, $"{victim} took {Stopwatch.GetElapsedTime(killed)}");
        }

        await loading.CancelAsync();
        await load;
        Assert.NotEmpty(accepted);
        Assert.Equal(accepted.Count, accepted.Distinct().Count());
        await host.UntilAsync(async () => await PendingAsync(http) == 0, "everything is finished");
        foreach (var id in accepted)
        {
            var execution = await http.GetFromJsonAsync<JsonElement>(new Uri($"/api/v1/executions/{id}", UriKind.Relative), Token);
            Assert.Equal("COMPLETED", execution.GetProperty("status").GetString());
        }
    }

    private static int? ProcessOf(AppHostProcess host, string victim, int? not = null)
    {
        var pid = victim.EndsWith(".dll", StringComparison.Ordinal) ? host.Find(victim).Where(p => p != not).Select(p => (int?)p).FirstOrDefault() : host.FindServer(victim);
        return pid == not ? null : pid;
    }

    // As a client should that hears nothing: asks again with the same key until there is an answer.
    private static async Task LoadAsync(HttpClient http, int client, ConcurrentBag<Guid> accepted, CancellationToken stop)
    {
        for (var number = 0; !stop.IsCancellationRequested; number++)
        {
            var id = Guid.Empty;
            await Programs.UntilAsync(
                async () =>
                {
                    using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/agents/daily_brief/executions") { Content = JsonContent.Create(new { input = $"Meeting {number} at 09:00." }) };
                    request.Headers.Add("Idempotency-Key", $"restart-{client}-{number}");
                    using var response = await http.SendAsync(request, Token);
                    if (response.IsSuccessStatusCode)
                        id = (await response.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("id").GetGuid();
                    return id != Guid.Empty;
                },
                "the gateway accepts");
            accepted.Add(id);
        }
    }

    private static async Task<int> PendingAsync(HttpClient http)
    {
        var left = 0;
        foreach (var status in new[] { "PENDING", "RUNNING" })
            left += (await http.GetFromJsonAsync<JsonElement>(new Uri($"/api/v1/executions?status={status}&limit=1", UriKind.Relative), Token)).GetProperty("items").GetArrayLength();
        return left;
    }
}
