namespace OsMEN.Llm;

/// <summary>
/// Tokens of one or more model calls, by type. <see cref="Input"/> is everything that was sent, cached tokens and cache
/// writes included; <see cref="Output"/> is everything that came back, reasoning included. The other three are parts of
/// those two, as OpenAI reports them; providers that report them apart (Anthropic) are normalised to this.
/// </summary>
public readonly record struct TokenUsage(long Input, long Output, long CachedInput = 0, long CacheWrite = 0, long Reasoning = 0)
{
    /// <summary>Input and output together.</summary>
    public long Total => Input + Output;

    public static TokenUsage operator +(TokenUsage a, TokenUsage b) => new(
        a.Input + b.Input, a.Output + b.Output, a.CachedInput + b.CachedInput, a.CacheWrite + b.CacheWrite, a.Reasoning + b.Reasoning);
}
