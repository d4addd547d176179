using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Threading.Channels;
using OsMEN.Executions;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.Security;

/// <summary>
/// The keys in memory, so that a request needs no query. The table is looked at twice a second, and at once when another gateway says over Redis that
/// keys changed: one that was revoked anywhere is refused here within a second, and what it opened is ended (<see cref="EndOf"/>).
/// </summary>
internal sealed partial class KeyRing(
    ApiKeyTable table, UserTable users, ExecutionSchema schema, ExecutionSignals signals, IConfiguration configuration, CacheMetrics caches, TimeProvider time, ILogger<KeyRing> logger)
    : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan UsePeriod = TimeSpan.FromSeconds(30);

    private readonly ApiKey[] _configured = [.. ConfiguredKeys.Read(configuration, time.GetUtcNow()).DistinctBy(k => k.Hash)];
    private readonly ConcurrentDictionary<string, (ApiKey Key, DateTimeOffset At)> _used = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Hash, Role Role), CancellationTokenSource> _ends = new();
    private readonly CacheMetrics.Cache _lookups = caches.For("api_keys");
    private readonly SemaphoreSlim _refreshing = new(1);
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private FrozenDictionary<string, ApiKey> _good = FrozenDictionary<string, ApiKey>.Empty;
    private (long Version, long Count, long Revoked, long Disabled) _version = (-1, 0, 0, 0);

    /// <summary>Those of <c>OSMEN_API_KEYS</c>, also of users that are disabled.</summary>
    public IReadOnlyList<ApiKey> Configured => _configured;

    /// <summary>The key, if it is known and has not expired.</summary>
    /// <param name="guess">Bounds the queries for a key that is not known here, such as one that another gateway made a moment ago.</param>
    public ValueTask<ApiKey?> FindAsync(string key, Guess guess, CancellationToken cancellationToken) =>
        key.StartsWith(ApiKey.Prefix, StringComparison.Ordinal) && key.Length <= 200 ? FindByHashAsync(ApiKey.HashOf(key), cancellationToken, guess) : new((ApiKey?)null);

    /// <summary>The same by the key's hash.</summary>
    public async ValueTask<ApiKey?> FindByHashAsync(string hash, CancellationToken cancellationToken, Guess guess = default)
    {
        if (_version.Version < 0)
        {
            // Before the first look nobody knows whose user is disabled. While there is no database, those of the configuration see health and such.
            if (!schema.Ready.IsCompleted)
                return Array.Find(_configured, k => k.Hash == hash);
            await RefreshAsync(cancellationToken);
        }

        var found = _good.GetValueOrDefault(hash);
        _lookups.Count(hit: found is not null);
        if (found is null && guess.TryTake() && await table.FindAsync(hash, cancellationToken) is not null)
        {
            guess.GiveBack();
            await RefreshAsync(cancellationToken);
            found = _good.GetValueOrDefault(hash);
        }

        if (found is null || !found.IsValidAt(time.GetUtcNow()))
            return null;
        if (!_used.ContainsKey(found.Id))
            _used[found.Id] = (found, time.GetUtcNow());
        return found;
    }

    /// <summary>
    /// Cancelled within a second after a key that was let in is revoked, expires, gets another role, or its user is disabled: for what stays open for long.
    /// </summary>
    public CancellationToken EndOf(ApiKey key) => _ends.GetOrAdd((key.Hash, key.Role), static _ => new CancellationTokenSource()).Token;

    /// <summary>Reads the table anew if it has changed.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        await schema.Ready.WaitAsync(cancellationToken);
        await _refreshing.WaitAsync(cancellationToken);
        try
        {
            var version = await table.ReadVersionAsync(cancellationToken);
            if (version != _version)
            {
                var disabled = await users.ReadDisabledAsync(cancellationToken);
                _good = _configured.Concat(await table.ReadAllAsync(cancellationToken)).Where(k => !disabled.ContainsKey(k.User)).DistinctBy(k => k.Hash).ToFrozenDictionary(k => k.Hash, StringComparer.Ordinal);
                _version = version;
                if (_good.Values.Where(k => k.Role == Role.Admin).ToArray() is { Length: > 0 } admins && admins.Max(k => k.ExpiresAt ?? DateTimeOffset.MaxValue) is var last && last < DateTimeOffset.MaxValue)
                    LogLockedOut(logger, last);
            }
        }
        finally
        {
            _refreshing.Release();
        }
    }

    /// <summary>Makes a change of this gateway hold here at once and tells the others.</summary>
    public async Task ChangedAsync(CancellationToken cancellationToken)
    {
        signals.KeysChanged();
        _changes.Writer.TryWrite(true);
        await RefreshAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.Ready.WaitAsync(stoppingToken);
        await Task.WhenAll(PollAsync(stoppingToken), ListenAsync(stoppingToken));
    }

    private async Task PollAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        var noted = time.GetTimestamp();
        do
        {
            await LookAsync(stoppingToken);
            if (time.GetElapsedTime(noted) < UsePeriod)
                continue;
            noted = time.GetTimestamp();
            await NoteUseAsync(stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task ListenAsync(CancellationToken stoppingToken)
    {
        await signals.OnKeysChangedAsync(() => _changes.Writer.TryWrite(true));
        await foreach (var _ in _changes.Reader.ReadAllAsync(stoppingToken))
            await LookAsync(stoppingToken);
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RefreshAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogStale(logger, e);
        }

        // Also where the table cannot be read: keys expire all the same.
        if (_version.Version < 0)
            return;
        foreach (var (key, end) in _ends)
        {
            if (_good.GetValueOrDefault(key.Hash) is { } good && good.Role == key.Role && good.IsValidAt(time.GetUtcNow()))
                continue;
            _ends.TryRemove(key, out _);
            await end.CancelAsync();
        }
    }

    private async Task NoteUseAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var (id, (key, at)) in _used)
            {
                await table.SetUsedAsync(key, at, cancellationToken);
                _used.TryRemove(id, out _);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogUnnoted(logger, e);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The keys could not be read; those known so far stay")]
    private static partial void LogStale(ILogger logger, Exception e);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Nobody can administer after {At}: every key that may expires. Make one that does not, or name one in OSMEN_API_KEYS")]
    private static partial void LogLockedOut(ILogger logger, DateTimeOffset at);

    [LoggerMessage(Level = LogLevel.Warning, Message = "When keys were last used could not be written; it is tried again")]
    private static partial void LogUnnoted(ILogger logger, Exception e);
}
