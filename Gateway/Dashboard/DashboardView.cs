using OsMEN.Executions;
using OsMEN.Gateway.Executions;

namespace OsMEN.Gateway.Dashboard;

/// <summary>All that the overview shows. Requests are this gateway's; executions, workers and health are the whole system's.</summary>
/// <param name="RefreshMs">How often it comes anew.</param>
/// <param name="Health">What <c>GET /health</c> answers.</param>
/// <param name="Requests">Of the last minute.</param>
/// <param name="Workers">Null while Redis is away.</param>
/// <param name="Today">A row of <c>daily_system_metrics</c>; null until it was read once.</param>
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
    RawJson? Today,
    HistoryView History);

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
    IReadOnlyList<long?> Slots);

/// <summary>Who is signed in.</summary>
internal sealed record DashboardUser(string User, string Role);

/// <summary><c>GET /dashboard</c> as JSON, and the shape of each message of <c>/dashboard/ws</c>.</summary>
internal sealed record DashboardMessage(string Type, DashboardUser You, RawJson Data);

internal sealed record ConfigView(string Title, string Refresh);

/// <summary>Requests by endpoint of the last five minutes, of this gateway.</summary>
internal sealed record PerformanceView(DateTimeOffset GeneratedAt, LatencySummary Total, IReadOnlyList<EndpointSummary> Endpoints, HistoryView History);

internal sealed record BoardView(string Name, string Title, string Url);
