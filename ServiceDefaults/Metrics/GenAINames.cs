namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>
/// The names of OpenTelemetry's conventions for generative AI, which have no prefix of ours:
/// https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
/// </summary>
public static class GenAINames
{
    public const string Meter = $"{ServiceIdentity.Solution}.GenAI";
    public const string ClientTokens = "gen_ai.client.token.usage";
    public const string ClientDuration = "gen_ai.client.operation.duration";
    public const string InvokeAgentDuration = "gen_ai.invoke_agent.duration";
    public const string ExecuteToolDuration = "gen_ai.execute_tool.duration";
}
