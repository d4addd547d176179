namespace OsMEN.Llm;

/// <summary>
/// Tokens of one or more model calls, by type. <see cref="Input"/> is everything that was sent, cached tokens and cache
/// writes included; <see cref="Output"/> is everything that came back, reasoning included. The others are parts of
/// those two, as OpenAI reports them; providers that report them apart (Anthropic) are normalised to this by <see cref="ProviderUsage"/>.
/// </summary>
public readonly record struct TokenUsage(long Input, long Output, long CachedInput = 0, long CacheWrite = 0, long Reasoning = 0)
{
    /// <summary>Of <see cref="CacheWrite"/>, those kept longer than the provider's shortest time: an hour at Anthropic.</summary>
    public long CacheWriteHour { get; init; }

    /// <summary>Of <see cref="Input"/>, spoken.</summary>
    public long AudioInput { get; init; }

    /// <summary>Of <see cref="CachedInput"/>, spoken.</summary>
    public long CachedAudio { get; init; }

    /// <summary>Of <see cref="Output"/>, spoken.</summary>
    public long AudioOutput { get; init; }

    /// <summary>Of <see cref="Input"/>, of images.</summary>
    public long ImageInput { get; init; }

    /// <summary>Of <see cref="Output"/>, of images.</summary>
    public long ImageOutput { get; init; }

    /// <summary>Images sent, where the provider counts pieces and not tokens.</summary>
    public long Images { get; init; }

    /// <summary>Searches of the web that the provider made for the call.</summary>
    public long Searches { get; init; }

    /// <summary>Input and output together.</summary>
    public long Total => Input + Output;

    /// <summary>The tokens beyond those of an earlier report about the same call. A count that went down counts as unchanged.</summary>
    internal TokenUsage Since(TokenUsage earlier)
    {
        static long More(long now, long before) => Math.Max(0, now - before);
        return new TokenUsage(
            More(Input, earlier.Input), More(Output, earlier.Output), More(CachedInput, earlier.CachedInput), More(CacheWrite, earlier.CacheWrite), More(Reasoning, earlier.Reasoning))
        {
            CacheWriteHour = More(CacheWriteHour, earlier.CacheWriteHour),
            AudioInput = More(AudioInput, earlier.AudioInput),
            CachedAudio = More(CachedAudio, earlier.CachedAudio),
            AudioOutput = More(AudioOutput, earlier.AudioOutput),
            ImageInput = More(ImageInput, earlier.ImageInput),
            ImageOutput = More(ImageOutput, earlier.ImageOutput),
            Images = More(Images, earlier.Images),
            Searches = More(Searches, earlier.Searches),
        };
    }

    public static TokenUsage operator +(TokenUsage a, TokenUsage b) => new(
        a.Input + b.Input, a.Output + b.Output, a.CachedInput + b.CachedInput, a.CacheWrite + b.CacheWrite, a.Reasoning + b.Reasoning)
    {
        CacheWriteHour = a.CacheWriteHour + b.CacheWriteHour,
        AudioInput = a.AudioInput + b.AudioInput,
        CachedAudio = a.CachedAudio + b.CachedAudio,
        AudioOutput = a.AudioOutput + b.AudioOutput,
        ImageInput = a.ImageInput + b.ImageInput,
        ImageOutput = a.ImageOutput + b.ImageOutput,
        Images = a.Images + b.Images,
        Searches = a.Searches + b.Searches,
    };
}
