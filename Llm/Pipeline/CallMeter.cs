using System.Text.Json;
using Microsoft.Extensions.AI;
using OsMEN.ServiceDefaults;

namespace OsMEN.Llm.Pipeline;

/// <summary>Gathers what one provider call used.</summary>
internal sealed class CallMeter(ModelName model, ModelName? hosted, PriceTable prices, TimeProvider time, IList<ChatMessage> messages, ChatOptions? options, ProviderCall call)
{
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private readonly long _started = time.GetTimestamp();
    private TimeSpan? _first;
    private UsageDetails? _usage;
    private string? _modelId;
    private ServiceTier _tier;
    private long _characters;
    private bool _isFinished;
    private bool _isFinal;

    public bool HasContent => _first is not null;

    /// <summary>The last piece that was added.</summary>
    public ChatResponseUpdate? Last { get; private set; }

    public void Add(ChatResponse response)
    {
        _usage = response.Usage;
        _isFinal = true;
        _modelId = response.ModelId;
        Tell(response.AdditionalProperties);
        _characters = response.Messages.SelectMany(m => m.Contents).Sum(Characters);
    }

    public void Add(ChatResponseUpdate update)
    {
        Last = update;
        _isFinished |= update.FinishReason is not null;
        _modelId = update.ModelId ?? _modelId;
        Tell(update.AdditionalProperties);
        foreach (var content in update.Contents)
        {
            if (content is UsageContent usage)
            {
                (_usage ??= new UsageDetails()).Add(usage.Details);
                _isFinal = _isFinished;
            }
            else
            {
                _first ??= time.GetElapsedTime(_started);
            }

            _characters += Characters(content);
        }
    }

    public LlmCall End(Exception e) =>
        e is OperationCanceledException ? End(LlmCallStatus.Cancelled) : End(LlmCallStatus.Error) with { Error = e is LlmException llm ? llm.Kind.ToString() : e.GetType().Name };

    public LlmCall End(LlmCallStatus status)
    {
        // A call that the provider refused costs nothing. One that it took up is billed, however it ends: what it does not tell is estimated.
        var told = _usage is null ? null : ProviderUsage.FromDetails(_usage);
        var wasTaken = status == LlmCallStatus.Ok || HasContent || call.IsAccepted;
        var estimated = told is null && wasTaken;
        var tokens = told ?? (estimated ? new TokenUsage(Estimate(InputCharacters()), Estimate(_characters)) : default);

        // What is told at a stream's start is its input, and of its output what was there by then.
        if (!_isFinal && told is { } part && Estimate(_characters) > part.Output)
            (tokens, estimated) = (part with { Output = Estimate(_characters) }, true);
        return new LlmCall
        {
            Id = OrderedIds.New(_startedAt),
            Platform = model.Platform,
            Model = _modelId ?? model.Model,
            StartedAt = _startedAt,
            Duration = time.GetElapsedTime(_started),
            TimeToFirstToken = _first,
            Status = status,
            Tokens = tokens,
            Estimated = estimated || model.Platform == Platforms.Offline,
            CostUsd = wasTaken || told is not null ? prices.FindForCall(model, _modelId, hosted, _startedAt)?.Cost(tokens, _tier) : 0,
        };
    }

    /// <summary>About four characters a token, as OpenAI and Anthropic say of English.</summary>
    internal static long Estimate(long characters) => (characters + 3) / 4;

    private void Tell(AdditionalPropertiesDictionary? properties)
    {
        if (properties?.TryGetValue(ServiceTiers.Property, out string? tier) == true)
            _tier = ServiceTiers.Parse(tier);
    }

    private long InputCharacters() =>
        messages.Sum(m => m.Contents.Sum(Characters)) + (options?.Instructions?.Length ?? 0) +
        (options?.Tools ?? []).OfType<AIFunctionDeclaration>().Sum(t => (long)t.Name.Length + t.Description.Length + t.JsonSchema.GetRawText().Length);

    private static long Characters(AIContent content) => content switch
    {
        TextContent text => text.Text.Length,
        TextReasoningContent thought => thought.Text.Length,
        FunctionCallContent tool => tool.Name.Length + (tool.Arguments?.Sum(a => (long)a.Key.Length + Length(a.Value)) ?? 0),
        FunctionResultContent result => Length(result.Result),
        _ => 0,
    };

    private static long Length(object? value) => value switch
    {
        null => 0,
        string text => text.Length,
        JsonElement { ValueKind: not JsonValueKind.Undefined } json => json.GetRawText().Length,
        _ => value.ToString()?.Length ?? 0,
    };
}
