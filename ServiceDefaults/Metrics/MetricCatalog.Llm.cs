namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>Model calls: tokens, dollars, time.</summary>
public static partial class MetricCatalog
{
    private static readonly double[] ModelSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300];

    public static MetricDefinition Tokens { get; } = new("tokens_used_total", MetricKind.Counter, "{token}", "Tokens of model calls. cached_input and cache_write are parts of input, reasoning of output.", "agent_id", "platform", "model", "token_type");

    public static MetricDefinition LlmCost { get; } = new("llm_cost_dollars_total", MetricKind.Counter, "", "Dollars of model calls with a price.", "agent_id", "platform", "model");

    public static MetricDefinition LlmRequests { get; } = new("llm_requests_total", MetricKind.Counter, "{request}", "Model calls, each attempt of a repeated one.", "platform", "model", "status");

    public static MetricDefinition LlmDuration { get; } = new("llm_request_duration_seconds", MetricKind.Histogram, "s", "From a model call's request to the last byte of its answer.", "platform", "model", "status") { Buckets = ModelSeconds };

    public static MetricDefinition LlmFirstToken { get; } = new("llm_time_to_first_token_seconds", MetricKind.Histogram, "s", "From a model call's request to the first content; streamed calls only.", "platform", "model", "status") { Buckets = ModelSeconds };

    public static MetricDefinition UnpricedTokens { get; } = new("unpriced_tokens_total", MetricKind.Counter, "{token}", "Tokens of calls without a known price.", "platform", "model");

    public static MetricDefinition BudgetLimit { get; } = new("budget_limit_dollars", MetricKind.Gauge, "", "What a budget allows in its period; the same from every gateway.", "budget", "period");

    public static MetricDefinition BudgetSpent { get; } = new("budget_spent_dollars", MetricKind.Gauge, "", "What of a budget is spent in its period; the same from every gateway.", "budget", "period");

    public static MetricDefinition BudgetRemaining { get; } = new("budget_remaining_dollars", MetricKind.Gauge, "", "What of a budget is neither spent nor reserved; the same from every gateway.", "budget", "period");
}
