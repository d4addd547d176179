using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using OsMEN.Executions;
using OsMEN.Executions.Metrics;
using OsMEN.Tests.Infrastructure;
using StackExchange.Redis;

namespace OsMEN.Tests.Executions;

/// <summary>What a process has of the executions: its own connection to Redis, its own recorder, over a store.</summary>
internal sealed class ServiceHarness : IAsyncDisposable
{
    private readonly ConnectionMultiplexer _redis;

    private ServiceHarness(ConnectionMultiplexer redis, IExecutionStore store, ExecutionOptions options)
    {
        _redis = redis;
        Store = store;
        Signals = new ExecutionSignals(redis, new MessageMetrics(Metering.Factory()), TimeProvider.System, NullLogger<ExecutionSignals>.Instance);
        Recorder = new ExecutionRecorder(store, Signals, Options.Create(options), TimeProvider.System, NullLogger<ExecutionRecorder>.Instance);
        Feed = new EventFeed(store, Signals);
        Completions = new ExecutionCompletions(store, Signals, TimeProvider.System);
        Acceptor = new ExecutionAcceptor(store, Signals, new QueueLimit(store, Options.Create(options), TimeProvider.System));
    }

    public IExecutionStore Store { get; }

    public ExecutionSignals Signals { get; }

    public ExecutionRecorder Recorder { get; }

    public EventFeed Feed { get; }

    public ExecutionCompletions Completions { get; }

    public ExecutionAcceptor Acceptor { get; }

    /// <summary>With a server that is not there, everything has to work by the store alone.</summary>
    public static async Task<ServiceHarness> CreateAsync(IExecutionStore store, string redis = "127.0.0.1:1", ExecutionOptions? options = null)
    {
        var configuration = RedisServer.Options(redis);
        configuration.ConnectTimeout = 500;
        return new ServiceHarness(await ConnectionMultiplexer.ConnectAsync(configuration), store, options ?? new ExecutionOptions());
    }

    public async ValueTask DisposeAsync()
    {
        await Recorder.DisposeAsync();
        await _redis.CloseAsync();
        _redis.Dispose();
    }
}
