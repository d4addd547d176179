using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.ML.Tokenizers;
using OsMEN.ServiceDefaults;

namespace OsMEN.Llm.Pipeline;

/// <summary>Gathers what one provider call used.</summary>
internal sealed class CallMeter(
    ModelName model, ModelName? hosted, PriceTable prices, Tokenizer? tokenizer, TimeProvider time, IList<ChatMessage> messages, ChatOptions? options, ProviderCall call)
{
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private readonly long _started = time.GetTimestamp();
    private TimeSpan? _first;
    private UsageDetails? _usage;
    private string? _modelId;
    private ServiceTier _tier;
    private readonly TextMeter _output = new(tokenizer);
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
        foreach (var content in response.Messages.SelectMany(m => m.Contents))
            Measure(content, _output);
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

            Measure(content, _output);
        }
    }

    public LlmCall End(Exception e) =>
        e is OperationCanceledException ? End(LlmCallStatus.Cancelled) : End(LlmCallStatus.Error) with { Error = e is LlmException llm ? llm.Kind.ToString() : e.GetType().Name };

    public LlmCall End(LlmCallStatus status)
    {
        // A call that the provider refused costs nothing. One that it took up is billed, however it ends: what it does not tell is estimated.
        var told = _usage is null ? null : ProviderUsage.FromDetails(_usage);
        var wasTaken = status == LlmCallStatus.Ok || HasContent || call.IsAccepted || (status == LlmCallStatus.Cancelled && call.IsSent);
        var estimated = told is null && wasTaken;
        var tokens = told ?? (estimated ? new TokenUsage(InputTokens(), _output.Tokens()) : default);

        // What is told at a stream's start is its input, and of its output what was there by then.
        if (!_isFinal && told is { } part && _output.Tokens() is var counted && counted > part.Output)
            (tokens, estimated) = (part with { Output = counted }, true);
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

    private void Tell(AdditionalPropertiesDictionary? properties)
    {
        if (properties?.TryGetValue(ServiceTiers.Property, out string? tier) == true)
            _tier = ServiceTiers.Parse(tier);
    }

    private long InputTokens()
    {
        var input = new TextMeter(tokenizer);
        foreach (var content in messages.SelectMany(m => m.Contents))
            Measure(content, input);
        input.Add(options?.Instructions);
        foreach (var tool in (options?.Tools ?? []).OfType<AIFunctionDeclaration>())
        {
            input.Add(tool.Name);
            input.Add(tool.Description);
            input.Add(tool.JsonSchema.GetRawText());
        }

        return input.Tokens();
    }

    private static void Measure(AIContent content, TextMeter meter)
    {
        switch (content)
        {
            case TextContent text:
                meter.Add(text.Text);
                break;
            case TextReasoningContent thought:
                meter.Add(thought.Text);
                break;
            case FunctionCallContent tool:
                meter.Add(tool.Name);
                foreach (var (name, value) in tool.Arguments ?? new Dictionary<string, object?>(StringComparer.Ordinal))
                {
                    meter.Add(name);
                    meter.Add(TextOf(value));
                }

                break;
            case FunctionResultContent result:
                meter.Add(TextOf(result.Result));
                break;
        }
    }

    private static string? TextOf(object? value) => value is JsonElement { ValueKind: not JsonValueKind.Undefined } json ? json.GetRawText() : value?.ToString();
}
