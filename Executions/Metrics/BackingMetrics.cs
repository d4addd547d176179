using System.Globalization;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OsMEN.Llm.Cache;
using OsMEN.ServiceDefaults.Metrics;
using StackExchange.Redis;

namespace OsMEN.Executions.Metrics;

/// <summary>What the database's pool and the Redis server say of themselves. Redis is asked every 15 s; while it is away its gauges are absent.</summary>
public sealed class BackingMetrics : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(15);

    private readonly IConnectionMultiplexer _redis;
    private readonly TimeProvider _time;
    private volatile RedisFigures? _latest;

    public BackingMetrics(IConnectionMultiplexer redis, DatabaseMetrics database, ConnectionMetrics connections, MetricFactory metrics, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(redis);
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(connections);
        ArgumentNullException.ThrowIfNull(metrics);
        (_redis, _time) = (redis, time);
        connections.Add("database", database.InUse);
        connections.Add("redis", () => Servers(redis).Count(s => s.IsConnected));
        metrics.ObservableGauge(MetricCatalog.RedisMemory, () => _latest?.UsedBytes is { } used ? [new(used)] : []);
        metrics.ObservableGauge(MetricCatalog.RedisMemoryLimit, () => _latest?.LimitBytes is { } limit ? [new(limit)] : []);
        metrics.ObservableGauge(MetricCatalog.RedisOperations, () => _latest?.OperationsPerSecond is { } operations ? [new(operations)] : []);
        metrics.ObservableGauge(MetricCatalog.RedisHitRate, () => _latest?.HitPercent is { } percent ? [new(percent)] : []);
    }

    /// <summary>What Redis told last; null while it is away.</summary>
    public RedisFigures? Redis => _latest;

    private static IEnumerable<IServer> Servers(IConnectionMultiplexer redis) => redis.GetEndPoints().Select(e => redis.GetServer(e));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, _time);
        do
        {
            // A trace of every look would bury the others.
            using var untraced = SuppressInstrumentationScope.Begin();
            try
            {
                _latest = _redis.IsConnected ? RedisFigures.Read((await _redis.GetDatabase().ExecuteAsync("INFO").WithinLimitAsync()).ToString() ?? "") : null;
            }
            catch (Exception e) when (RedisCall.Failed(e))
            {
                // Its health check tells that it is away, or that it does not let us ask.
                _latest = null;
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}

/// <summary>What <c>INFO</c> tells, by Redis's names or Garnet's; null where it does not.</summary>
/// <param name="UsedBytes">Memory in use.</param>
/// <param name="LimitBytes">Memory that it may use.</param>
/// <param name="OperationsPerSecond">Commands answered in a second.</param>
/// <param name="HitPercent">Of key lookups, since it started.</param>
public sealed record RedisFigures(double? UsedBytes, double? LimitBytes, double? OperationsPerSecond, double? HitPercent)
{
    internal static RedisFigures Read(string info)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var line in info.Split('\n'))
        {
            if (line.Split(':', 2) is [var name, var text] && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
                values[name] = value;
        }

        // A maxmemory of 0 is no limit of Redis's own.
        var limit = First("maxmemory") is > 0 and var own ? own : First("store_heap_memory_target_size", "total_system_memory");
        var (hits, misses) = (First("keyspace_hits", "total_found"), First("keyspace_misses", "total_notfound"));
        return new(First("used_memory", "total_main_store_size"), limit, First("instantaneous_ops_per_sec"), hits + misses > 0 ? 100 * hits / (hits + misses) : hits is null ? null : 100);

        double? First(params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
            {
                if (values.TryGetValue(name, out var value))
                    return value;
            }

            return null;
        }
    }
}
