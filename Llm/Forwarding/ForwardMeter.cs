using Microsoft.ML.Tokenizers;
using OsMEN.Llm.Pipeline;
using OsMEN.ServiceDefaults;

namespace OsMEN.Llm.Forwarding;

/// <summary>What one call that was handed on used: the same rules as <see cref="CallMeter"/>, from bytes.</summary>
internal sealed class ForwardMeter(
    ModelName model, ModelName? hosted, ForwardRequest request, PriceTable prices, Tokenizer? tokenizer, TimeProvider time, Action<LlmCall> onCall)
{
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private readonly long _started = time.GetTimestamp();
    private TimeSpan? _first;
    private bool _ended;

    public AnswerScanner Scanner { get; } = new(new TextMeter(tokenizer));

    /// <summary>The provider answered 200: it works on the request, and bills it.</summary>
    public bool IsAccepted { get; set; }

    /// <summary>The request has left: if no answer comes, the provider may work on it all the same.</summary>
    public bool IsSent { get; set; }

    /// <summary>The provider did not take the request.</summary>
    public void Refuse() => IsAccepted = IsSent = false;

    /// <summary>Looks at one chunk of a stream; true when it holds nothing but the usage.</summary>
    public bool AddChunk(ReadOnlySpan<byte> json)
    {
        Scanner.Scan(json, isChunk: true, out var isUsageOnly);
        if (Scanner.HasContent)
            _first ??= time.GetElapsedTime(_started);
        return isUsageOnly;
    }

    /// <summary>Tells the call, once.</summary>
    public LlmCall? End(LlmCallStatus status, string? error = null)
    {
        if (_ended)
            return null;
        _ended = true;

        // A call that the provider refused costs nothing. One that it took up is billed, however it ends: what it does not tell is estimated.
        var told = Scanner.Usage;
        var wasTaken = IsAccepted || (status == LlmCallStatus.Cancelled && IsSent);
        var estimated = told is null && wasTaken;
        var tokens = told ?? (estimated ? new TokenUsage(request.EstimateInput(tokenizer), Scanner.Text.Tokens()) : default);

        // What is told at a stream's start is its input, and of its output what was there by then.
        if (!Scanner.IsUsageFinal && told is { } part && Scanner.Text.Tokens() is var counted && counted > part.Output)
            (tokens, estimated) = (part with { Output = counted }, true);
        var answered = Scanner.ModelId;
        var call = new LlmCall
        {
            Id = OrderedIds.New(_startedAt),
            Platform = model.Platform,
            Model = answered ?? model.Model,
            StartedAt = _startedAt,
            Duration = time.GetElapsedTime(_started),
            TimeToFirstToken = _first,
            Status = status,
            Error = error,
            Tokens = tokens,
            Estimated = estimated,
            CostUsd = wasTaken || told is not null ? prices.FindForCall(model, answered, hosted, _startedAt)?.Cost(tokens, Scanner.Tier) : 0,
        };
        onCall(call);
        return call;
    }
}
