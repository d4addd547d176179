using System.Collections.Concurrent;
using System.Data.Common;
using OsMEN.Executions;
using OsMEN.Executions.Analytics;
using OsMEN.Executions.Catalog;
using OsMEN.Executions.Metrics;
using OsMEN.Executions.Retention;
using OsMEN.Gateway.Alerts;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Gateway.Alerts.Notices;
using OsMEN.Gateway.Analytics;
using OsMEN.Gateway.Usage;

namespace OsMEN.Gateway.Dashboard;

/// <summary>What the snapshot asks the database for; see <see cref="SlowFigure{T}"/>.</summary>
internal sealed class SlowFigures
{
    // Who looks gets what is there after this long, and the rest with the next snapshot.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);

    // More users at once begin anew: it only saves reading.
    private const int MaxUsers = 1000;
    private static readonly TimeSpan SpendPeriod = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, SlowFigure<ProjectionView>> _spendOf = new(StringComparer.Ordinal);
    private readonly ILogger _logger;
    private readonly AnalyticsReader _analytics;
    private readonly UsageReader _usage;
    private readonly MuteReader _alerts;
    private readonly ExecutionSchema _schema;
    private readonly TimeProvider _time;

    public SlowFigures(
        AnalyticsReader analytics, UsageReader usage, MuteReader alerts, ExecutionSchema schema, IExecutionStore store, DbDataSource database, RetentionReader retention, TimeProvider time,
        ILogger<SlowFigures> logger)
    {
        (_analytics, _usage, _alerts, _schema, _time, _logger) = (analytics, usage, alerts, schema, time, logger);

        // Over many executions the first two take a second or more.
        Today = new("today's executions", TimeSpan.FromSeconds(15), ReadTodayAsync, time, logger);
        Spend = new("what was spent", SpendPeriod, ending => EstimateAsync(null, ending), time, logger);
        Alerts = new("alerts", TimeSpan.FromSeconds(0.8), ReadAlertsAsync, time, logger);
        Running = new("what runs", TimeSpan.FromSeconds(2), async ending => await RunningAgents.CountAsync(database, ending), time, logger);
        Database = new("the database's size", TimeSpan.FromSeconds(15), async ending => await DatabaseFigures.ReadAsync(database, store.Kind == "postgresql", ending), time, logger);
        Retention = new("what retention did", TimeSpan.FromMinutes(1), async ending => await retention.ReadAsync(ending), time, logger);
    }

    /// <summary>A row of <c>daily_system_metrics</c>, as JSON.</summary>
    public SlowFigure<string> Today { get; }

    public SlowFigure<ProjectionView> Spend { get; }

    public SlowFigure<AlertCounts> Alerts { get; }

    /// <summary>Executions that run, by agent.</summary>
    public SlowFigure<Dictionary<string, long>> Running { get; }

    public SlowFigure<DatabaseFigures> Database { get; }

    public SlowFigure<RetentionFigures> Retention { get; }

    /// <summary>Begins what is due, and waits a little for it. <paramref name="ending"/> is the gateway's.</summary>
    public Task RefreshAsync(CancellationToken ending) =>
        _schema.Ready.IsCompletedSuccessfully
            ? WaitAsync(Task.WhenAll(Alerts.Refresh(ending), Running.Refresh(ending), Today.Refresh(ending), Spend.Refresh(ending), Database.Refresh(ending), Retention.Refresh(ending)), ending)
            : Task.CompletedTask;

    /// <summary>What one user spent; null until it was read once.</summary>
    public async Task<ProjectionView?> ReadSpendAsync(string user, CancellationToken ending)
    {
        if (!_schema.Ready.IsCompletedSuccessfully)
            return null;
        if (_spendOf.Count >= MaxUsers && !_spendOf.ContainsKey(user))
            _spendOf.Clear();
        var own = _spendOf.GetOrAdd(user, u => new("what a user spent", SpendPeriod, ending => EstimateAsync(u, ending), _time, _logger));
        await WaitAsync(own.Refresh(ending), ending);
        return own.Latest;
    }

    private async Task WaitAsync(Task reading, CancellationToken ending)
    {
        try
        {
            await reading.WaitAsync(Patience, _time, ending);
        }
        catch (TimeoutException)
        {
            // The next snapshot has it.
        }
    }

    private async Task<string?> ReadTodayAsync(CancellationToken ending)
    {
        var rows = await _analytics.ReadAsync(new AnalyticsQuery { View = AnalyticsViews.DailySystem, Limit = 1 }, ending);
        return rows.Count == 0 ? null : AnalyticsJson.Write(AnalyticsViews.DailySystem, rows[0]).Text;
    }

    private async Task<ProjectionView?> EstimateAsync(string? user, CancellationToken ending) => await UsageApi.EstimateAsync(_usage, user, _time.GetUtcNow(), ending);

    private async Task<AlertCounts?> ReadAlertsAsync(CancellationToken ending)
    {
        var (active, mutes) = await _alerts.ReadActiveAsync(ending);
        var shown = active.Select(a => AlertView.Of(a, mutes)).ToArray();
        return new AlertCounts(
            Enum.GetValues<AlertSeverity>().Reverse().ToDictionary(JsonFields.WireName, s => shown.Count(a => a.State == "firing" && a.Severity == JsonFields.WireName(s)), StringComparer.Ordinal),
            shown.Count(a => a.State == "acknowledged"),
            shown.Count(a => a.State == "silenced"),
            shown.Count(a => a.State == "inhibited"),
            shown.Count(a => a.State == "pending"));
    }
}
