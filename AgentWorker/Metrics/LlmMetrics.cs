using System.Diagnostics;
using System.Diagnostics.Metrics;
using OsMEN.Llm;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.AgentWorker.Metrics;

/// <summary>Model calls as metrics: tokens by type, dollars, durations.</summary>
internal sealed class LlmMetrics(MetricFactory metrics)
{
    private static readonly string[] Statuses = ["ok", "error", "cancelled"];

    private readonly Counter<long> _tokens = metrics.Counter(MetricCatalog.Tokens);
    private readonly Counter<double> _cost = metrics.AmountCounter(MetricCatalog.LlmCost);
    private readonly Counter<long> _requests = metrics.Counter(MetricCatalog.LlmRequests);
    private readonly Histogram<double> _duration = metrics.Histogram(MetricCatalog.LlmDuration);
    private readonly Histogram<double> _firstToken = metrics.Histogram(MetricCatalog.LlmFirstToken);
    private readonly Counter<long> _unpriced = metrics.Counter(MetricCatalog.UnpricedTokens);

    public void Record(string agent, LlmCall call)
    {
        var outcome = new TagList { { "platform", call.Platform }, { "model", call.Model }, { "status", Statuses[(int)call.Status] } };
        _requests.Add(1, outcome);
        _duration.Record(call.Duration.TotalSeconds, outcome);
        if (call.TimeToFirstToken is { } first)
            _firstToken.Record(first.TotalSeconds, outcome);

        var t = call.Tokens;
        Add("input", t.Input);
        Add("output", t.Output);
        Add("cached_input", t.CachedInput);
        Add("cache_write", t.CacheWrite);
        Add("reasoning", t.Reasoning);
        if (call.CostUsd is { } cost)
            _cost.Add((double)cost, new TagList { { "agent_id", agent }, { "platform", call.Platform }, { "model", call.Model } });
        else if (t.Total > 0)
            _unpriced.Add(t.Total, new TagList { { "platform", call.Platform }, { "model", call.Model } });

        void Add(string type, long count)
        {
            if (count > 0)
                _tokens.Add(count, new TagList { { "agent_id", agent }, { "platform", call.Platform }, { "model", call.Model }, { "token_type", type } });
        }
    }
}
