using System.Threading.Channels;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using OpenTelemetry;

namespace OsMEN.ServiceDefaults.Health;

/// <summary>
/// What changed when: this process's own changes from memory, everybody's from the store. A change is handed over without waiting;
/// while the store is away, the latest 1,000 wait for it.
/// </summary>
internal sealed partial class HealthHistory
{
    /// <summary>Most changes of one answer.</summary>
    public const int Limit = 1000;

    private const int LongestMessage = 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly MemoryHealthHistory _own;
    private readonly IHealthHistoryStore _store;
    private readonly ServiceIdentity _service;
    private readonly TimeProvider _time;
    private readonly ILogger<HealthHistory> _logger;
    private readonly Channel<HealthChange> _backlog = Channel.CreateBounded<HealthChange>(
        new BoundedChannelOptions(Limit) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    public HealthHistory(MemoryHealthHistory own, IHealthHistoryStore store, ServiceIdentity service, TimeProvider time, ILogger<HealthHistory> logger)
    {
        (_own, _store, _service, _time, _logger) = (own, store, service, time, logger);
        IsStored = !ReferenceEquals(own, store);
    }

    /// <summary>Whether there is a store beside this process's memory.</summary>
    public bool IsStored { get; }

    /// <summary>What the store doesn't have yet.</summary>
    public ChannelReader<HealthChange> Backlog => _backlog.Reader;

    public void Add(string component, HealthStatus? from, ComponentResult result)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(result.CheckedAt.ToUnixTimeMilliseconds());
        var message = result.Message is { Length: > LongestMessage } text ? text[..LongestMessage] : result.Message;
        var change = new HealthChange(OrderedIds.New(result.CheckedAt), _service.Name, _service.InstanceId, component, from, result.Status, at, message);
        _own.Add(change);
        if (IsStored) _backlog.Writer.TryWrite(change);
    }

    /// <summary>The latest changes, oldest first, and whether the store had its say: if not, there are only this process's own.</summary>
    public async Task<(IReadOnlyList<HealthChange> Changes, bool Complete)> ReadAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        var own = _own.Read(since, Limit);
        if (!IsStored) return (own, true);
        using var untraced = SuppressInstrumentationScope.Begin();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var late = _time.CreateTimer(static l => ((CancellationTokenSource)l!).Cancel(), limit, Patience, Timeout.InfiniteTimeSpan);
        try
        {
            var stored = await _store.ReadAsync(since, Limit, limit.Token).WaitAsync(limit.Token);
            return ([.. stored.UnionBy(own, c => c.Id).OrderBy(c => c.At).ThenBy(c => c.Id).TakeLast(Limit)], true);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogUnread(_logger, e.Message);
            return (own, false);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The stored health history does not answer, only this process's own is shown: {Reason}")]
    private static partial void LogUnread(ILogger logger, string reason);
}
