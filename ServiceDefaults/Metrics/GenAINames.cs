namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>
/// The names of OpenTelemetry's conventions for generative AI, without our prefix:
/// https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-metrics.md. The older names
/// <see cref="ClientTokens"/> and <see cref="ClientDuration"/> are kept for dashboards that read only those, such as Aspire's.
/// </summary>
public static class GenAINames
{
    public const string Meter = $"{ServiceIdentity.Solution}.GenAI";
    public const string ClientTokens = "gen_ai.client.token.usage";
    public const string ClientDuration = "gen_ai.client.operation.duration";
    public const string InferenceDuration = "gen_ai.client.inference.duration";
    public const string InputTokens = "gen_ai.client.inference.usage.input_tokens";
    public const string OutputTokens = "gen_ai.client.inference.usage.output_tokens";
    public const string CacheReadTokens = "gen_ai.client.inference.usage.cache_read.input_tokens";
    public const string CacheWriteTokens = "gen_ai.client.inference.usage.cache_write.input_tokens";
    public const string ReasoningTokens = "gen_ai.client.inference.usage.reasoning.output_tokens";
    public const string InvokeAgentDuration = "gen_ai.invoke_agent.duration";
    public const string ExecuteToolDuration = "gen_ai.execute_tool.duration";
}
