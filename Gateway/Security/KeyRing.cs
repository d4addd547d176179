using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Data.Common;
using OsMEN.Executions;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.Security;

/// <summary>
/// The keys in memory, so that a request needs no query. The table is looked at twice a second: a key that was revoked on
/// another gateway is refused here within one.
/// </summary>
internal sealed partial class KeyRing(ApiKeyTable table, ExecutionSchema schema, IConfiguration configuration, CacheMetrics caches, TimeProvider time, ILogger<KeyRing> logger)
    : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan UsePeriod = TimeSpan.FromSeconds(30);

    private readonly FrozenDictionary<string, ApiKey> _configured = ConfiguredKeys.Read(configuration, time.GetUtcNow()).DistinctBy(k => k.Hash).ToFrozenDictionary(k => k.Hash, StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _used = new(StringComparer.Ordinal);
    private readonly CacheMetrics.Cache _lookups = caches.For("api_keys");
    private FrozenDictionary<string, ApiKey> _stored = FrozenDictionary<string, ApiKey>.Empty;
    private (long Count, long Revoked) _version = (-1, 0);

    /// <summary>The key, if it is known and has not expired. Asks the table for one that was made a moment ago on another gateway.</summary>
    public ValueTask<ApiKey?> FindAsync(string key, CancellationToken cancellationToken) =>
        key.StartsWith(ApiKey.Prefix, StringComparison.Ordinal) && key.Length <= 200 ? FindByHashAsync(ApiKey.HashOf(key), cancellationToken) : new((ApiKey?)null);

    /// <summary>The same by the key's hash.</summary>
    public async ValueTask<ApiKey?> FindByHashAsync(string hash, CancellationToken cancellationToken)
    {
        var found = _configured.GetValueOrDefault(hash) ?? _stored.GetValueOrDefault(hash);
        _lookups.Count(hit: found is not null);
        found ??= await table.FindAsync(hash, cancellationToken);
        if (found is null || !found.IsValidAt(time.GetUtcNow()))
            return null;
        if (!_used.ContainsKey(found.Id))
            _used[found.Id] = time.GetUtcNow();
        return found;
    }

    /// <summary>Whether a key that was let in may stay: for connections that live long.</summary>
    public bool IsStillGood(ApiKey key) =>
        key.IsValidAt(time.GetUtcNow()) && (_configured.ContainsKey(key.Hash) || _stored.ContainsKey(key.Hash));

    /// <summary>Reads the table anew if it has changed.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var version = await table.ReadVersionAsync(cancellationToken);
        if (version == _version)
            return;
        _stored = (await table.ListAsync(cancellationToken)).ToFrozenDictionary(k => k.Hash, StringComparer.Ordinal);
        _version = version;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.Ready.WaitAsync(stoppingToken);
        using var timer = new PeriodicTimer(Period, time);
        var noted = time.GetTimestamp();
        do
        {
            try
            {
                await RefreshAsync(stoppingToken);
                if (time.GetElapsedTime(noted) < UsePeriod)
                    continue;
                noted = time.GetTimestamp();
                await NoteUseAsync(stoppingToken);
            }
            catch (Exception e) when (e is DbException or IOException or TimeoutException or InvalidOperationException)
            {
                LogStale(logger, e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task NoteUseAsync(CancellationToken cancellationToken)
    {
        foreach (var (id, at) in _used)
        {
            await table.SetUsedAsync(id, at, cancellationToken);
            _used.TryRemove(id, out _);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The keys could not be read; those known so far stay")]
    private static partial void LogStale(ILogger logger, Exception e);
}
