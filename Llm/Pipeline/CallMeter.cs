using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Pipeline;

/// <summary>Gathers what one provider call used.</summary>
internal sealed class CallMeter(ModelName model, PriceTable prices, TimeProvider time, IList<ChatMessage> messages)
{
    /// <summary>Cache writes, under this name in <see cref="UsageDetails.AdditionalCounts"/> in Anthropic's library.</summary>
    private const string CacheCreation = "CacheCreationInputTokens";

    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private readonly long _started = time.GetTimestamp();
    private TimeSpan? _first;
    private UsageDetails? _usage;
    private string? _modelId;
    private long _characters;

    public bool HasContent => _first is not null;

    /// <summary>The last piece that was added.</summary>
    public ChatResponseUpdate? Last { get; private set; }

    public void Add(ChatResponse response)
    {
        _usage = response.Usage;
        _modelId = response.ModelId;
        _characters = response.Text.Length;
    }

    public void Add(ChatResponseUpdate update)
    {
        Last = update;
        _modelId = update.ModelId ?? _modelId;
        foreach (var content in update.Contents)
        {
            // Anthropic tells its usage twice, at the start and at the end: sums would count it twice, the later one is complete.
            if (content is UsageContent usage)
                _usage = Merge(_usage, usage.Details);
            else
                _first ??= time.GetElapsedTime(_started);
            _characters += content switch
            {
                TextContent text => text.Text.Length,
                TextReasoningContent thought => thought.Text.Length,
                _ => 0,
            };
        }
    }

    public LlmCall End(Exception e) =>
        e is OperationCanceledException ? End(LlmCallStatus.Cancelled) : End(LlmCallStatus.Error) with { Error = e is LlmException llm ? llm.Kind.ToString() : e.GetType().Name };

    public LlmCall End(LlmCallStatus status)
    {
        // A call that failed before it had answered costs nothing anywhere.
        var estimated = _usage is null && (status == LlmCallStatus.Ok || HasContent);
        var tokens = _usage is { } usage ? ToTokens(usage) : estimated ? new TokenUsage(Estimate(InputCharacters()), Estimate(_characters)) : default;
        return new LlmCall
        {
            Id = Guid.CreateVersion7(_startedAt),
            Platform = model.Platform,
            Model = _modelId ?? model.Model,
            StartedAt = _startedAt,
            Duration = time.GetElapsedTime(_started),
            TimeToFirstToken = _first,
            Status = status,
            Tokens = tokens,
            Estimated = estimated || model.Platform == Platforms.Offline,
            CostUsd = prices.Cost(model, tokens) ?? (_modelId is null ? null : prices.Cost(model with { Model = _modelId }, tokens)),
        };
    }

    internal static TokenUsage ToTokens(UsageDetails usage)
    {
        var written = 0L;
        foreach (var (name, count) in usage.AdditionalCounts ?? [])
        {
            if (name.Contains(CacheCreation, StringComparison.OrdinalIgnoreCase))
                written += count;
        }

        return new TokenUsage(
            usage.InputTokenCount ?? 0, usage.OutputTokenCount ?? 0, usage.CachedInputTokenCount ?? 0, written, usage.ReasoningTokenCount ?? 0);
    }

    /// <summary>About four characters a token, as OpenAI and Anthropic say of English.</summary>
    internal static long Estimate(long characters) => (characters + 3) / 4;

    private long InputCharacters() => messages.Sum(m => (long)m.Text.Length);

    internal static UsageDetails Merge(UsageDetails? earlier, UsageDetails later) => earlier is null ? later : new UsageDetails
    {
        InputTokenCount = Larger(earlier.InputTokenCount, later.InputTokenCount),
        OutputTokenCount = Larger(earlier.OutputTokenCount, later.OutputTokenCount),
        CachedInputTokenCount = Larger(earlier.CachedInputTokenCount, later.CachedInputTokenCount),
        ReasoningTokenCount = Larger(earlier.ReasoningTokenCount, later.ReasoningTokenCount),
        AdditionalCounts = later.AdditionalCounts is { Count: > 0 } ? later.AdditionalCounts : earlier.AdditionalCounts,
    };

    private static long? Larger(long? a, long? b) => a is null || b > a ? b : a;
}
