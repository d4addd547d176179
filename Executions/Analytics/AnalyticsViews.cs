using static OsMEN.Executions.Analytics.AnalyticsColumnKind;

namespace OsMEN.Executions.Analytics;

/// <summary>The five views; the migrations create them with these columns, in this order, on both stores.</summary>
public static class AnalyticsViews
{
    public static AnalyticsView AgentPerformance { get; } = new(
        "agent_performance_summary",
        "Agents of the last 90 days",
        [new("agent_name", Text), .. Counts, .. Outcome, .. Spend]);

    public static AnalyticsView CommandUsage { get; } = new(
        "command_usage_statistics",
        "Commands of the last 90 days",
        [new("command_name", Text), .. Counts, new("success_rate", Number), new("failure_rate", Number), .. Durations, .. Spend]);

    public static AnalyticsView WorkflowPerformance { get; } = new(
        "workflow_performance_summary",
        "Workflows of the last 90 days, with how many run now",
        [new("workflow_name", Text), .. Counts, new("running_executions", Count), .. Outcome, .. Spend]);

    public static AnalyticsView DailySystem { get; } = new(
        "daily_system_metrics",
        "The last 30 days of UTC, newest first, days without executions too",
        [
            new("date", Date), new("total_agent_executions", Count), new("successful_executions", Count), new("failed_executions", Count),
            .. Spend, new("avg_execution_time", Number),
        ],
        Descending: true);

    public static AnalyticsView UserActivity { get; } = new(
        "user_activity_summary",
        "Users of the last 90 days; a user sees the own row only",
        [
            new("email", Text), new("agent_executions_count", Count), new("command_executions_count", Count), new("workflow_executions_count", Count),
            .. Spend, new("last_activity", Time),
        ]);

    public static IReadOnlyList<AnalyticsView> All { get; } = [AgentPerformance, CommandUsage, WorkflowPerformance, DailySystem, UserActivity];

    private static AnalyticsColumn[] Counts => [new("total_executions", Count), new("successful", Count), new("failed", Count)];

    private static AnalyticsColumn[] Outcome => [new("success_rate", Number), .. Durations];

    private static AnalyticsColumn[] Durations => [new("avg_execution_time", Number), new("p95_execution_time", Number)];

    private static AnalyticsColumn[] Spend => [new("total_tokens", Count), new("total_cost", Money)];

    /// <summary>Null for a name that is none of the five.</summary>
    public static AnalyticsView? Find(string name) => All.FirstOrDefault(v => v.Name == name);
}
