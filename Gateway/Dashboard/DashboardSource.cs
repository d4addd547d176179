using System.Buffers;
using System.Data.Common;
using System.Text;
using System.Text.Json;
using OsMEN.Executions;
using OsMEN.Executions.Analytics;
using OsMEN.Executions.Metrics;
using OsMEN.Gateway.Analytics;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Security;
using OsMEN.Gateway.Streams;
using OsMEN.ServiceDefaults;
using OsMEN.ServiceDefaults.Health;
using StackExchange.Redis;

namespace OsMEN.Gateway.Dashboard;

/// <summary>
/// Makes the dashboard's figures: one snapshot for all who look, made when somebody asks and the last is too old. Queue and workers
/// are noted all the time, so that who opens the page sees the last 15 minutes.
/// </summary>
internal sealed partial class DashboardSource(
    RequestStatistics requests,
    QueueMetrics queue,
    WorkerPresence presence,
    SeenUsers users,
    WebSocketConnections connections,
    AnalyticsReader analytics,
    DashboardConfigStore config,
    ServiceIdentity service,
    IServiceProvider services,
    TimeProvider time,
    ILogger<DashboardSource> logger) : BackgroundService
{
    private const int RecentSlots = 60 / LatencyWindow.SlotSeconds;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(LatencyWindow.SlotSeconds);
    private static readonly TimeSpan TodayPeriod = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan TodayPatience = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(900);

    private readonly QueueHistory _history = new();
    private readonly SemaphoreSlim _making = new(1);
    private volatile IReadOnlyList<WorkerInfo>? _workers;
    private (RawJson Json, long MadeAt)? _latest;
    private RawJson? _today;
    private Task _readingToday = Task.CompletedTask;
    private long? _todayAt;

    /// <summary>The snapshot, as JSON, not older than a second.</summary>
    public async Task<RawJson> ReadAsync(CancellationToken cancellationToken)
    {
        await _making.WaitAsync(cancellationToken);
        try
        {
            if (_latest is { } latest && time.GetElapsedTime(latest.MadeAt) < Shortest)
                return latest.Json;
            var json = new RawJson(JsonSerializer.Serialize(await MakeAsync(cancellationToken), DashboardJsonContext.Default.DashboardView));
            _latest = (json, time.GetTimestamp());
            return json;
        }
        finally
        {
            _making.Release();
        }
    }

    /// <summary>The last 15 minutes.</summary>
    public HistoryView History()
    {
        var last = LatencyWindow.SlotOf(time.GetUtcNow()) - 1;
        var first = last - LatencyWindow.Slots + 2;
        var summaries = Enumerable.Range(0, LatencyWindow.Slots - 1).Select(i => requests.All.Summarise(first + i, 1)).ToArray();
        var queued = _history.Read(first, summaries.Length);
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
            [.. queued.Select(q => q?.Slots)]);
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
                _workers = await presence.ListAsync().WaitAsync(Period, time, stoppingToken);
            }
            catch (Exception e) when (e is RedisException or TimeoutException)
            {
                _workers = null;
            }

            if (queue.Latest is { } depth)
                _history.Add(LatencyWindow.SlotOf(time.GetUtcNow()), new QueuePoint(depth.Due, depth.Running, _workers?.Sum(w => w.Slots)));
            try
            {
                await config.ReadAsync(stoppingToken);
            }
            catch (Exception e) when (e is DbException or IOException or TimeoutException or InvalidOperationException)
            {
                LogUnread(logger, e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task<DashboardView> MakeAsync(CancellationToken cancellationToken)
    {
        await RefreshTodayAsync(cancellationToken);
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
            _today,
            History());
    }

    private RawJson Health()
    {
        var body = new ArrayBufferWriter<byte>(2048);
        using (var json = new Utf8JsonWriter(body))
            services.WriteHealthReport(json);
        return new RawJson(Encoding.UTF8.GetString(body.WrittenSpan));
    }

    // Over many executions it takes a second or more: the page does not wait for it, and it is not asked for while nobody looks.
    private async Task RefreshTodayAsync(CancellationToken cancellationToken)
    {
        if (_readingToday.IsCompleted && (_todayAt is not { } at || time.GetElapsedTime(at) > TodayPeriod))
        {
            _todayAt = time.GetTimestamp();
            _readingToday = ReadTodayAsync();
        }

        try
        {
            await _readingToday.WaitAsync(TodayPatience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The next snapshot has it.
        }
    }

    private async Task ReadTodayAsync()
    {
        try
        {
            var rows = await analytics.ReadAsync(new AnalyticsQuery { View = AnalyticsViews.DailySystem, Limit = 1 }, CancellationToken.None);
            _today = rows.Count == 0 ? null : AnalyticsJson.Write(AnalyticsViews.DailySystem, rows[0]);
        }
        catch (Exception e)
        {
            LogUnread(logger, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The dashboard could not read from the database: {Reason}")]
    private static partial void LogUnread(ILogger logger, string reason);
}
