using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>What one model call used and cost, for <see cref="LlmMetrics"/>.</summary>
/// <param name="Platform">The provider: <c>openai</c>, <c>anthropic</c>, …</param>
/// <param name="Model">The model that answered, else the one that was asked for.</param>
/// <param name="Status"><c>ok</c>, <c>error</c> or <c>cancelled</c>.</param>
/// <param name="FirstToken">From the request to the first content; null when nothing came or the call wasn't streamed.</param>
/// <param name="Input">All that was sent; <paramref name="CachedInput"/> and <paramref name="CacheWrite"/> are parts of it.</param>
/// <param name="Output">All that came back; <paramref name="Reasoning"/> is a part of it.</param>
/// <param name="CostUsd">Null where the model has no price.</param>
/// <param name="ErrorType">A low-cardinality reason of a call that did not end well.</param>
public readonly record struct LlmCallFigures(
    string Platform,
    string Model,
    string Status,
    TimeSpan Duration,
    TimeSpan? FirstToken,
    long Input,
    long Output,
    long CachedInput,
    long CacheWrite,
    long Reasoning,
    decimal? CostUsd,
    string? ErrorType);

/// <summary>
/// Model calls as metrics: tokens by type, dollars and durations under our names, and OpenTelemetry's GenAI names beside them. Every
/// service has it by <c>AddServiceDefaults</c>.
/// </summary>
public sealed class LlmMetrics
{
    private const int MaxModels = 200;

    private readonly Counter<long> _tokens;
    private readonly Counter<double> _cost;
    private readonly Counter<long> _requests;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _firstToken;
    private readonly Counter<long> _unpriced;
    private readonly Histogram<long> _genAITokens;
    private readonly Histogram<double> _genAIDuration;
    private readonly Histogram<double> _inferenceDuration;
    private readonly Counter<long> _inputTokens;
    private readonly Counter<long> _outputTokens;
    private readonly Counter<long> _cacheReadTokens;
    private readonly Counter<long> _cacheWriteTokens;
    private readonly Counter<long> _reasoningTokens;
    private readonly LabelLimit _agents;
    private readonly LabelLimit _models;
    private readonly LabelLimit _platforms;

    public LlmMetrics(MetricFactory metrics)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        _tokens = metrics.Counter(MetricCatalog.Tokens);
        _cost = metrics.AmountCounter(MetricCatalog.LlmCost);
        _requests = metrics.Counter(MetricCatalog.LlmRequests);
        _duration = metrics.Histogram(MetricCatalog.LlmDuration);
        _firstToken = metrics.Histogram(MetricCatalog.LlmFirstToken);
        _unpriced = metrics.Counter(MetricCatalog.UnpricedTokens);
        _genAITokens = metrics.GenAITokens();
        _genAIDuration = metrics.GenAIDuration(GenAINames.ClientDuration, "Duration of model calls.");
        _inferenceDuration = metrics.GenAIDuration(GenAINames.InferenceDuration, "Duration of model calls.");
        _inputTokens = metrics.GenAITokenCounter(GenAINames.InputTokens, "Input tokens of model calls.");
        _outputTokens = metrics.GenAITokenCounter(GenAINames.OutputTokens, "Output tokens of model calls.");
        _cacheReadTokens = metrics.GenAITokenCounter(GenAINames.CacheReadTokens, "Input tokens that providers read from their caches.");
        _cacheWriteTokens = metrics.GenAITokenCounter(GenAINames.CacheWriteTokens, "Input tokens that providers wrote to their caches.");
        _reasoningTokens = metrics.GenAITokenCounter(GenAINames.ReasoningTokens, "Output tokens that models used for reasoning.");
        _agents = metrics.Limit(MetricCatalog.Tokens, 1000);
        _models = metrics.Limit(MetricCatalog.LlmRequests, MaxModels);
        _platforms = metrics.Limit(MetricCatalog.LlmRequests, 50);
    }

    /// <summary>Counts one call that <paramref name="agent"/> made; empty where none did.</summary>
    public void Record(string agent, in LlmCallFigures call)
    {
        agent = _agents.Fold(agent);
        var platform = _platforms.Fold(call.Platform);

        // A model that was misspelled fails before it has used anything; one that is priced is real.
        var model = call.Input + call.Output == 0 ? _models.Find(call.Model) : call.CostUsd is null ? _models.Fold(call.Model) : _models.FoldTrusted(call.Model);
        var outcome = new TagList { { "platform", platform }, { "model", model }, { "status", call.Status } };
        _requests.Add(1, outcome);
        _duration.Record(call.Duration.TotalSeconds, outcome);
        if (call.FirstToken is { } first) _firstToken.Record(first.TotalSeconds, outcome);

        RecordGenAI(call, platform, model);
        var who = new TagList { { "agent_id", agent }, { "platform", platform }, { "model", model } };
        Add(who, "input", call.Input);
        Add(who, "output", call.Output);
        Add(who, "cached_input", call.CachedInput);
        Add(who, "cache_write", call.CacheWrite);
        Add(who, "reasoning", call.Reasoning);
        if (call.Input + call.Output == 0 && call.CostUsd is null or 0) return;
        if (call.CostUsd is { } cost) _cost.Add((double)cost, who);
        else _unpriced.Add(call.Input + call.Output, new TagList { { "platform", platform }, { "model", model } });
    }

    private void RecordGenAI(in LlmCallFigures call, string platform, string model)
    {
        var tags = new TagList { { "gen_ai.operation.name", "chat" }, { "gen_ai.provider.name", platform }, { "gen_ai.request.model", model } };
        if (call.Input > 0) _inputTokens.Add(call.Input, tags);
        if (call.Output > 0) _outputTokens.Add(call.Output, tags);
        if (call.CachedInput > 0) _cacheReadTokens.Add(call.CachedInput, tags);
        if (call.CacheWrite > 0) _cacheWriteTokens.Add(call.CacheWrite, tags);
        if (call.Reasoning > 0) _reasoningTokens.Add(call.Reasoning, tags);
        if (call.ErrorType is { } error) tags.Add("error.type", error);
        _genAIDuration.Record(call.Duration.TotalSeconds, tags);
        _inferenceDuration.Record(call.Duration.TotalSeconds, tags);
        tags.Add("gen_ai.token.type", "input");
        if (call.Input > 0) _genAITokens.Record(call.Input, tags);
        tags[^1] = new("gen_ai.token.type", "output");
        if (call.Output > 0) _genAITokens.Record(call.Output, tags);
    }

    private void Add(TagList who, string type, long count)
    {
        if (count <= 0) return;
        who.Add("token_type", type);
        _tokens.Add(count, who);
    }
}
