using System.Net.Http.Json;
using System.Text.Json;
using OsMEN.Executions;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Crashes;

/// <summary>
/// Kills a part of the running system in the middle of 2,000 executions. Every one of them ends exactly once: none lost, none
/// completed twice, all events there in order.
/// </summary>
public sealed class CrashTests
{
    private const int Count = 2000;
    private const int Clients = 16;
    private const string Key = "osm_crashtests0123456789";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("postgresql", "worker")]
    [InlineData("postgresql", "gateway")]
    [InlineData("postgresql", "redis")]
    [InlineData("postgresql", "database")]
    [InlineData("sqlite", "worker")]
    [InlineData("sqlite", "gateway")]
    [InlineData("sqlite", "redis")]
    public async Task Every_execution_ends_exactly_once_when_something_is_killed(string kind, string victim)
    {
        await using var postgres = new PostgresServer();
        await using var redis = new RedisServer();
        await redis.StartAsync();
        await using var database = kind == "sqlite" ? await TestStore.SqliteAsync() : await TestStore.PostgresAsync(postgres);
        var environment = Environment(database.ConnectionString, redis.ConnectionString);
        await using var gateway = await ServiceProcess.StartAsync(["OsMEN.Gateway.dll"], environment);
        await using var worker = await ServiceProcess.StartAsync(["OsMEN.AgentWorker.dll"], environment);

        var accepted = 0;
        var middle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var posting = PostAllAsync(gateway.Url, () =>
        {
            if (Interlocked.Increment(ref accepted) == Count / 3)
                middle.SetResult();
        });
        await Task.WhenAny(middle.Task, posting);
        switch (victim)
        {
            case "worker":
                await KillWhileHoldingAsync(worker, database.Store);
                await worker.StartAsync();
                break;
            case "gateway":
                await gateway.KillAsync();
                await gateway.StartAsync();
                break;
            case "redis":
                await redis.KillAsync();
                await Programs.UntilAsync(async () => await CompletedAsync(database.Store) >= Count / 2, "work goes on without Redis");
                await redis.StartAsync();
                break;
            default:
                await postgres.KillBackendAsync(new Npgsql.NpgsqlConnectionStringBuilder(database.ConnectionString).Database!);
                break;
        }

        var ids = await posting;
        await Programs.UntilAsync(
            async () => await database.Store.GetDepthAsync(Token) is { Due: 0, Scheduled: 0, Running: 0 }, "everything ends", TimeSpan.FromMinutes(1));
        await AssertEndedOnceAsync(database.Store, ids, attemptsAreVisible: victim == "worker");
    }

    private static Dictionary<string, string> Environment(string database, string redis) => new(StringComparer.Ordinal)
    {
        ["ConnectionStrings__osmen"] = database,
        ["ConnectionStrings__redis"] = redis,
        ["CATALOG_PATH"] = Path.Combine(AppContext.BaseDirectory, "catalog"),
        ["OSMEN_API_KEYS"] = $"{Key}:admin:tests",
        ["Executions__Lease"] = "00:00:03",
        ["Executions__RescueInterval"] = "00:00:00.200",
        ["Worker__Slots"] = "16",
    };

    // Each client asks until it has an answer, with the same key: as a client should that hears nothing.
    private static async Task<HashSet<Guid>> PostAllAsync(Uri gateway, Action onAccepted)
    {
        using var http = new HttpClient { BaseAddress = gateway, Timeout = TimeSpan.FromSeconds(10) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        var ids = new HashSet<Guid>();
        var next = 0;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) is var number and <= Count)
            {
                var id = Guid.Empty;
                await Programs.UntilAsync(async () => (id = await PostAsync(http, number)) != Guid.Empty, "the gateway accepts", TimeSpan.FromMinutes(1));
                lock (ids)
                    ids.Add(id);
                onAccepted();
            }
        })));
        return ids;
    }

    private static async Task<Guid> PostAsync(HttpClient http, int number)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/agents/daily_brief/executions")
        {
            Content = JsonContent.Create(new { input = new { text = $"Meeting {number} at 09:00. The fix must merge before noon." } }),
        };
        request.Headers.Add("Idempotency-Key", $"crash-{number}");
        using var response = await http.SendAsync(request, Token);
        return response.IsSuccessStatusCode ? (await response.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("id").GetGuid() : Guid.Empty;
    }

    // Stopped first, so that it surely holds something in the moment of its death.
    private static async Task KillWhileHoldingAsync(ServiceProcess worker, IExecutionStore store)
    {
        await Programs.UntilAsync(
            async () =>
            {
                await worker.SignalAsync("STOP");
                if ((await store.GetDepthAsync(Token)).Running > 0)
                    return true;
                await worker.SignalAsync("CONT");
                return false;
            },
            "the worker holds something");
        await worker.KillAsync();
    }

    private static async Task<int> CompletedAsync(IExecutionStore store)
    {
        var depth = await store.GetDepthAsync(Token);
        var newest = await store.ListAsync(new ExecutionQuery { Limit = Count + 1 }, Token);
        return newest.Count - (int)(depth.Due + depth.Running);
    }

    private static async Task AssertEndedOnceAsync(IExecutionStore store, HashSet<Guid> ids, bool attemptsAreVisible)
    {
        Assert.Equal(Count, ids.Count);
        var executions = await store.ListAsync(new ExecutionQuery { Limit = Count + 1 }, Token);
        Assert.Equal(ids.Order(), executions.Select(e => e.Id).Order());
        Assert.All(executions, e => Assert.Equal((ExecutionStatus.Completed, null), (e.Status, e.Error)));
        if (attemptsAreVisible)
            Assert.Contains(executions, e => e.Attempt == 2);
        foreach (var execution in executions)
        {
            var page = (await store.ReadEventsAsync(execution.Id, 0, 10_000, Token))!;
            var events = page.Frames.Select(f => JsonSerializer.Deserialize<JsonElement>(f)).ToArray();
            Assert.Equal(Enumerable.Range(1, events.Length), events.Select(e => e.GetProperty("seq").GetInt32()));
            string[] states = [.. events.Where(e => e.GetProperty("type").GetString() == "status").Select(e => e.GetProperty("data").GetProperty("status").GetString()!)];
            Assert.Equal("COMPLETED", states[^1]);
            Assert.Single(states, s => s == "COMPLETED");

            // A worker may die between its claim, which counts, and its first word.
            Assert.InRange(states.Count(s => s == "RUNNING"), 1, execution.Attempt);
        }
    }
}
