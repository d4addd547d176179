using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Llm;

/// <summary>Counts a call in <see cref="LlmMetrics"/>.</summary>
public static class LlmCallMetrics
{
    private static readonly string[] Statuses = ["ok", "error", "cancelled"];

    /// <summary>Counts <paramref name="call"/> for <paramref name="agent"/>.</summary>
    public static void Record(this LlmMetrics metrics, string agent, LlmCall call) => metrics.Record(agent, new LlmCallFigures(
        call.Platform,
        call.Model,
        Statuses[(int)call.Status],
        call.Duration,
        call.TimeToFirstToken,
        call.Tokens.Input,
        call.Tokens.Output,
        call.Tokens.CachedInput,
        call.Tokens.CacheWrite,
        call.Tokens.Reasoning,
        call.CostUsd,
        call.Status == LlmCallStatus.Ok ? null : Statuses[(int)call.Status]));
}
