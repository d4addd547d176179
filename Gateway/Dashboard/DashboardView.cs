using OsMEN.Executions;
using OsMEN.Executions.Metrics;
using OsMEN.Executions.Retention;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Usage;

namespace OsMEN.Gateway.Dashboard;

/// <summary>All that the overview shows. Requests are this gateway's; executions, workers and health are the whole system's.</summary>
/// <param name="RefreshMs">How often it comes anew.</param>
/// <param name="Health">What <c>GET /health</c> answers.</param>
/// <param name="Requests">Of the last minute.</param>
/// <param name="Workers">Null while Redis is away.</param>
/// <param name="RunningAgents">Executions that run, by agent; null until they were counted once.</param>
/// <param name="Today">A row of <c>daily_system_metrics</c>; null until it was read once.</param>
/// <param name="Alerts">Null until they were read once.</param>
/// <param name="Spend">What <c>GET /api/v1/usage/projection</c> answers: a user's own, for the other roles everybody's; null until it was read once.</param>
/// <param name="Redis">Null while it is away.</param>
/// <param name="TracesUrl">Where a trace is shown, without its id.</param>
internal sealed record DashboardView(
    DateTimeOffset GeneratedAt,
    string Title,
    string Version,
    long RefreshMs,
    RawJson Health,
    LatencySummary Requests,
    int ActiveUsers,
    int Connections,
    QueueView? Queue,
    IReadOnlyList<WorkerView>? Workers,
    IReadOnlyDictionary<string, long>? RunningAgents,
    RawJson? Today,
    AlertCounts? Alerts,
    ProjectionView? Spend,
    DatabaseView Database,
    RedisView? Redis,
    string? TracesUrl,
    HistoryView History);

/// <summary>Alerts that are not resolved.</summary>
/// <param name="Firing">By severity, the worst first: those that fire, and that nobody acknowledged or silenced and nothing inhibits.</param>
internal sealed record AlertCounts(IReadOnlyDictionary<string, int> Firing, int Acknowledged, int Silenced, int Inhibited, int Pending);

/// <summary>The database: connections and operations are this gateway's, the rest is the whole's.</summary>
/// <param name="Kind">postgresql or sqlite.</param>
/// <param name="Operations">Of the last 15 minutes.</param>
/// <param name="SlowSeconds">What takes longer counts as slow.</param>
/// <param name="Server">Null until it was read once.</param>
/// <param name="Retention">Null until it was read once.</param>
internal sealed record DatabaseView(string Kind, int InUse, int PoolSize, LatencySummary Calls, long Slow, double SlowSeconds, IReadOnlyList<OperationSummary> Operations, DatabaseFigures? Server,
    RetentionFigures? Retention);

/// <summary>What Redis tells; null where it does not.</summary>
internal sealed record RedisView(double? UsedBytes, double? LimitBytes, double? OperationsPerSecond, double? HitPercent);

internal sealed record QueueView(long Queued, IReadOnlyList<long> ByPriority, long Scheduled, long Running, double OldestSeconds)
{
    public static QueueView Of(QueueDepth depth) => new(depth.Due, depth.DueByPriority, depth.Scheduled, depth.Running, Math.Round(depth.OldestDue.TotalSeconds, 3));
}

internal sealed record WorkerView(string Id, string Version, int Slots, int Used, bool Draining, DateTimeOffset StartedAt, DateTimeOffset SeenAt)
{
    public static WorkerView Of(WorkerInfo worker) => new(worker.Id, worker.Version, worker.Slots, worker.Used, worker.Draining, worker.StartedAt, worker.SeenAt);
}

/// <summary>The last 15 minutes, a value for each step; null where nothing is known.</summary>
/// <param name="Start">Unix seconds of the first.</param>
internal sealed record HistoryView(
    long Start,
    int StepSeconds,
    IReadOnlyList<double> RequestsPerSecond,
    IReadOnlyList<double> ErrorRate,
    IReadOnlyList<double?> P50,
    IReadOnlyList<double?> P95,
    IReadOnlyList<double?> P99,
    IReadOnlyList<long?> Queued,
    IReadOnlyList<long?> Running,
    IReadOnlyList<long?> Slots,
    IReadOnlyList<int?> DatabaseConnections,
    IReadOnlyList<double?> DatabaseP95,
    IReadOnlyList<double?> RedisOperations,
    IReadOnlyList<double?> RedisBytes);

/// <summary>Who is signed in.</summary>
internal sealed record DashboardUser(string User, string Role);

/// <summary><c>GET /dashboard</c> as JSON, and the shape of each message of <c>/dashboard/ws</c>.</summary>
internal sealed record DashboardMessage(string Type, DashboardUser You, RawJson Data);

internal sealed record ConfigView(string Title, string Refresh);

/// <summary>Requests by endpoint of the last five minutes, of this gateway.</summary>
internal sealed record PerformanceView(DateTimeOffset GeneratedAt, LatencySummary Total, IReadOnlyList<EndpointSummary> Endpoints, HistoryView History);

internal sealed record BoardView(string Name, string Title, string Url);
