using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.Executions;
using OsMEN.Llm;
using OsMEN.Llm.Cache;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Gateway;

/// <summary>Redis that is stopped (SIGSTOP) keeps its connections open and answers nothing.</summary>
public sealed class RedisHangTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(4);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Wait_for_an_execution_is_answered_by_polling()
    {
        await using var redis = new RedisServer();
        await redis.StartAsync();
        await using var gateway = await StartAsync(redis);
        await WaitForEndAsync(gateway);
        await redis.SignalAsync("STOP");

        // At once, while the client still takes the server for connected, and when it has given up the connection.
        await WaitForEndAsync(gateway);
        await Programs.UntilAsync(() => Task.FromResult(!gateway.Services.GetRequiredService<ExecutionSignals>().Connected), "the client has noticed");
        await WaitForEndAsync(gateway);
        await redis.SignalAsync("CONT");
        await Programs.UntilAsync(() => Task.FromResult(gateway.Services.GetRequiredService<ExecutionSignals>().Connected), "the client is connected again");
        await WaitForEndAsync(gateway);
    }

    [Fact]
    public async Task Gateway_starts_and_executes_although_Redis_hangs()
    {
        await using var redis = new RedisServer();
        await redis.StartAsync();
        await redis.SignalAsync("STOP");
        await using var gateway = await StartAsync(redis);
        await WaitForEndAsync(gateway);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await gateway.SendAsync(HttpMethod.Get, "/health/ready")).Status);
    }

    [Fact]
    public async Task Every_use_of_Redis_gives_up_in_time()
    {
        await using var redis = new RedisServer();
        await redis.StartAsync();
        await using var gateway = await StartAsync(redis);
        var signals = gateway.Services.GetRequiredService<ExecutionSignals>();
        var presence = gateway.Services.GetRequiredService<WorkerPresence>();
        var live = await signals.FollowAsync(Guid.CreateVersion7());
        await redis.SignalAsync("STOP");

        // A worker subscribes and announces itself; neither may end it.
        await InTimeAsync(signals.OnWakeAsync(() => { }));
        await InTimeAsync(signals.OnCancelAsync(_ => { }));
        await InTimeAsync(Assert.ThrowsAsync<TimeoutException>(() => presence.AnnounceAsync(new WorkerInfo("w", "1", 1, 0, false, default, default))));
        await InTimeAsync(Task.Run(() =>
        {
            // Far more than the socket's buffers take.
            for (var i = 0; i < 200_000; i++)
                signals.Changed(Guid.CreateVersion7());
            live.Dispose();
        }, Token));
    }

    [Fact]
    public async Task Model_answers_although_the_cache_hangs()
    {
        await using var redis = new RedisServer();
        await redis.StartAsync();
        await using var connection = await StackExchange.Redis.ConnectionMultiplexer.ConnectAsync(RedisServer.Options(redis.ConnectionString));
        var cache = new AnswerCache(connection, new OsMEN.ServiceDefaults.Metrics.CacheMetrics(Metering.Factory()), TimeProvider.System);
        using var model = new Echo();
        using var cached = cache.Wrap(model, new ModelName("openai", "gpt-5-mini"), TimeSpan.FromMinutes(1), "ana");
        await redis.SignalAsync("STOP");
        Assert.Equal("Hi", (await InTimeAsync(cached.GetResponseAsync("Hi", cancellationToken: Token))).Text);
    }

    private static async Task<GatewayServer> StartAsync(RedisServer redis)
    {
        var gateway = new GatewayServer(new() { ["ConnectionStrings:redis"] = redis.ConnectionString });
        await gateway.InitializeAsync();
        return gateway;
    }

    // There is no worker: the execution that waits is claimed and ended here.
    private static async Task WaitForEndAsync(GatewayServer gateway)
    {
        var asked = Stopwatch.GetTimestamp();
        var answer = gateway.SendAsync(HttpMethod.Post, "/api/v1/agents/daily_brief/executions?wait=5s", new { input = "text" });
        IReadOnlyList<ClaimedExecution> claims = [];
        await Programs.UntilAsync(async () => (claims = await gateway.Store.ClaimAsync("w", 1, TimeSpan.FromMinutes(1), Token)).Count == 1, "it is accepted");
        await gateway.Store.RecordAsync([new ExecutionRecord { Lease = claims[0].Lease, End = new AttemptEnd(ExecutionStatus.Completed, "1") }], Token);
        var (status, body, _) = await answer.WaitAsync(TimeSpan.FromSeconds(30), Token);
        Assert.Equal((HttpStatusCode.OK, "COMPLETED"), (status, body.GetProperty("status").GetString()));
        Assert.InRange(Stopwatch.GetElapsedTime(asked), TimeSpan.Zero, Soon);
    }

    private static Task InTimeAsync(Task call) => call.WaitAsync(Soon, Token);

    private static Task<T> InTimeAsync<T>(Task<T> call) => call.WaitAsync(Soon, Token);

    private sealed class Echo : IChatClient
    {
        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, messages.Last().Text)) { FinishReason = ChatFinishReason.Stop });

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }
}
