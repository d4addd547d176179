using System.Buffers;
using System.Text;
using System.Text.Json;
using OsMEN.Executions;
using OsMEN.Executions.Metrics;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Security;
using OsMEN.Gateway.Streams;
using OsMEN.Gateway.Usage;
using OsMEN.Llm.Cache;
using OsMEN.ServiceDefaults;
using OsMEN.ServiceDefaults.Health;

namespace OsMEN.Gateway.Dashboard;

/// <summary>
/// Makes the dashboard's figures: one snapshot for all who look, but for a user's own spending, made when somebody asks and the last is too old. Queue and workers
/// are noted all the time, so that who opens the page sees the last 15 minutes.
/// </summary>
internal sealed partial class DashboardSource(
    RequestStatistics requests,
    StoreStatistics operations,
    QueueMetrics queue,
    BackingMetrics backing,
    DatabaseMetrics database,
    WorkerPresence presence,
    SeenUsers users,
    WebSocketConnections connections,
    SlowFigures slow,
    IExecutionStore store,
    DashboardConfigStore config,
    ServiceIdentity service,
    IHostApplicationLifetime lifetime,
    IServiceProvider services,
    TimeProvider time,
    ILogger<DashboardSource> logger) : BackgroundService
{
    private const int RecentSlots = 60 / LatencyWindow.SlotSeconds;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(LatencyWindow.SlotSeconds);
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(900);

    private readonly PointHistory<QueuePoint> _queued = new();
    private readonly PointHistory<BackingPoint> _backed = new();
    private readonly SemaphoreSlim _making = new(1);
    private volatile IReadOnlyList<WorkerInfo>? _workers;
    private (DashboardView View, RawJson Json, long MadeAt)? _latest;

    /// <summary>The snapshot that the key may see, as JSON, not older than a second.</summary>
    public async Task<RawJson> ReadAsync(ApiKey key, CancellationToken cancellationToken)
    {
        var (view, json) = await ReadWholeAsync(cancellationToken);
        return UsageApi.OnlyUser(key) is { } user ? Json(view with { Spend = await slow.ReadSpendAsync(user, lifetime.ApplicationStopping) }) : json;
    }

    /// <summary>The last 15 minutes.</summary>
    public HistoryView History()
    {
        var last = LatencyWindow.SlotOf(time.GetUtcNow()) - 1;
        var first = last - LatencyWindow.Slots + 2;
        var summaries = Enumerable.Range(0, LatencyWindow.Slots - 1).Select(i => requests.All.Summarise(first + i, 1)).ToArray();
        var queued = _queued.Read(first, summaries.Length);
        var backed = _backed.Read(first, summaries.Length);
        return new HistoryView(
            first * LatencyWindow.SlotSeconds,
            LatencyWindow.SlotSeconds,
            [.. summaries.Select(s => s.PerSecond)],
            [.. summaries.Select(s => s.ErrorRate)],
            [.. summaries.Select(s => s.P50)],
            [.. summaries.Select(s => s.P95)],
            [.. summaries.Select(s => s.P99)],
            [.. queued.Select(q => q?.Queued)],
            [.. queued.Select(q => q?.Running)],
            [.. queued.Select(q => q?.Slots)],
            [.. backed.Select(b => b?.InUse)],
            [.. Enumerable.Range(0, summaries.Length).Select(i => operations.All.Summarise(first + i, 1).P95)],
            [.. backed.Select(b => b?.RedisOperations)],
            [.. backed.Select(b => b?.RedisBytes)]);
    }

    public override void Dispose()
    {
        _making.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        do
        {
            try
            {
                _workers = await presence.ListAsync();
            }
            catch (Exception e) when (RedisCall.Failed(e))
            {
                _workers = null;
            }

            var slot = LatencyWindow.SlotOf(time.GetUtcNow());
            _backed.Add(slot, new BackingPoint(database.InUse(), backing.Redis?.OperationsPerSecond, backing.Redis?.UsedBytes));
            if (queue.Latest is { } depth)
                _queued.Add(slot, new QueuePoint(depth.Due, depth.Running, _workers?.Sum(w => w.Slots)));
            try
            {
                await config.ReadAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogUnread(logger, e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private static RawJson Json(DashboardView view) => new(JsonSerializer.Serialize(view, DashboardJsonContext.Default.DashboardView));

    private async Task<(DashboardView View, RawJson Json)> ReadWholeAsync(CancellationToken cancellationToken)
    {
        await _making.WaitAsync(cancellationToken);
        try
        {
            if (_latest is { } latest && time.GetElapsedTime(latest.MadeAt) < Shortest)
                return (latest.View, latest.Json);
            var view = await MakeAsync();
            var json = Json(view);
            _latest = (view, json, time.GetTimestamp());
            return (view, json);
        }
        finally
        {
            _making.Release();
        }
    }

    private async Task<DashboardView> MakeAsync()
    {
        await slow.RefreshAsync(lifetime.ApplicationStopping);
        var now = time.GetUtcNow();
        return new DashboardView(
            now,
            config.Current.Title,
            service.Version,
            (long)config.Current.Refresh.TotalMilliseconds,
            Health(),
            requests.All.Summarise(LatencyWindow.SlotOf(now) - 1, RecentSlots),
            users.Count(),
            connections.Open,
            queue.Latest is { } depth ? QueueView.Of(depth) : null,
            _workers?.Select(WorkerView.Of).ToArray(),
            slow.Running.Latest,
            RawJson.From(slow.Today.Latest),
            slow.Alerts.Latest,
            slow.Spend.Latest,
            Database(now),
            backing.Redis is { } redis ? new RedisView(redis.UsedBytes, redis.LimitBytes, redis.OperationsPerSecond, redis.HitPercent) : null,
            config.TracesUrl,
            History());
    }

    private DatabaseView Database(DateTimeOffset now)
    {
        var last = LatencyWindow.SlotOf(now) - 1;
        return new DatabaseView(
            store.Kind, database.InUse(), database.PoolSize, operations.All.Summarise(last, RecentSlots), operations.All.CountOver(last, LatencyWindow.Slots - 1, StoreStatistics.SlowSeconds),
            StoreStatistics.SlowSeconds, operations.ByOperation(), slow.Database.Latest, slow.Retention.Latest);
    }

    private RawJson Health()
    {
        var body = new ArrayBufferWriter<byte>(2048);
        using (var json = new Utf8JsonWriter(body))
            services.WriteHealthReport(json);
        return new RawJson(Encoding.UTF8.GetString(body.WrittenSpan));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The dashboard could not read from the database: {Reason}")]
    private static partial void LogUnread(ILogger logger, string reason);
}
