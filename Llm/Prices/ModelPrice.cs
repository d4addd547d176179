using System.Collections.Frozen;
using System.Globalization;

namespace OsMEN.Llm;

/// <summary>
/// What a model costs, in the keys of LiteLLM's price file (dollars a token, see docs/prices.md). Immutable. A call is priced as a
/// whole: above a threshold (<c>…_above_200k_tokens</c>) the dearer prices hold for all of its tokens, as the providers bill it.
/// </summary>
public sealed class ModelPrice
{
    private const string InputKey = "input_cost_per_token";
    private const string OutputKey = "output_cost_per_token";
    private const string ReasoningKey = "output_cost_per_reasoning_token";

    // What the databases can store of one call: numeric(18, 9).
    private const decimal MostDollars = 999_999_999;

    private static readonly string[] Suffixes = ["", "_batches", "_flex", "_priority"];

    private readonly FrozenDictionary<string, decimal> _costs;

    // The highest first, with the words that its keys have: 200000 and "_above_200k_tokens".
    private readonly (long Tokens, string Words)[] _thresholds;
    private readonly Rates?[] _rates;

    /// <param name="costs">Dollars by LiteLLM's key; keys without a meaning here are left out of account.</param>
    public ModelPrice(IReadOnlyDictionary<string, decimal> costs)
    {
        ArgumentNullException.ThrowIfNull(costs);
        _costs = costs.ToFrozenDictionary(StringComparer.Ordinal);
        _thresholds = [.. costs.Keys.Select(ThresholdOf).Where(t => t.Tokens > 0).Distinct().OrderByDescending(t => t.Tokens)];
        _rates = new Rates?[(_thresholds.Length + 1) * Suffixes.Length];
    }

    /// <summary><c>input_cost_per_token</c>: dollars a token of input at the standard tier, below every threshold. Null when not given.</summary>
    public decimal? Input => Get(InputKey);

    /// <summary><c>output_cost_per_token</c>, likewise.</summary>
    public decimal? Output => Get(OutputKey);

    /// <summary><c>input_cost_per_request</c>: dollars a call, beside its tokens. 0 when not given.</summary>
    public decimal PerRequest => Get("input_cost_per_request") ?? 0;

    private decimal? Get(string key) => _costs.TryGetValue(key, out var cost) ? cost : null;

    /// <summary>
    /// Dollars for a call, rounded to nine places; null when it used a type of token whose price is not given (which is not zero).
    /// </summary>
    public decimal? Cost(TokenUsage tokens, ServiceTier tier = ServiceTier.Standard)
    {
        var r = RatesFor(tokens.Input, tier);

        // Parts may overlap (cached audio) or exceed the whole in what a provider says: no token is charged twice.
        var left = Math.Max(tokens.Input, 0);
        var written = Take(ref left, tokens.CacheWrite);
        var writtenHour = Math.Clamp(tokens.CacheWriteHour, 0, written);
        var cached = Take(ref left, tokens.CachedInput);
        var cachedAudio = Math.Clamp(tokens.CachedAudio, 0, cached);
        var audio = Take(ref left, tokens.AudioInput - cachedAudio);
        var image = Take(ref left, tokens.ImageInput);
        var answered = Math.Max(tokens.Output, 0);
        var audioOutput = Take(ref answered, tokens.AudioOutput);
        var imageOutput = Take(ref answered, tokens.ImageOutput);
        var reasoning = Take(ref answered, tokens.Reasoning);

        decimal? cost = PerRequest;
        Add(left, r.Input);
        Add(cached - cachedAudio, r.CacheRead);
        Add(cachedAudio, r.CacheReadAudio);
        Add(written - writtenHour, r.CacheWrite);
        Add(writtenHour, r.CacheWriteHour);
        Add(audio, r.AudioInput);
        Add(image, r.ImageInput);
        Add(answered, r.Output);
        Add(reasoning, r.Reasoning);
        Add(audioOutput, r.AudioOutput);
        Add(imageOutput, r.ImageOutput);
        Add(tokens.Images, Get("input_cost_per_image"));
        Add(tokens.Searches, Get(PriceEntry.SearchKey));
        return cost is { } sum ? Math.Min(MostDollars, decimal.Round(sum, 9)) : null;

        void Add(long count, decimal? rate)
        {
            if (count > 0)
                cost += count * rate;
        }
    }

    /// <summary>
    /// The most that a call with so much input and output can cost, whatever of it is cached, written to a cache or reasoning: what
    /// a budget has to hold back before it. Null when input or output has no price.
    /// </summary>
    public decimal? MostFor(long input, long output, ServiceTier tier = ServiceTier.Standard)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(input);
        ArgumentOutOfRangeException.ThrowIfNegative(output);
        var r = RatesFor(input, tier);
        if (r.Input is null || r.Output is null)
            return null;
        decimal?[] ins = [r.Input, r.CacheRead, r.CacheWrite, r.CacheWriteHour];
        decimal?[] outs = [r.Output, r.Reasoning];
        return Math.Min(MostDollars, decimal.Round(PerRequest + (input * ins.Max()!.Value) + (output * outs.Max()!.Value), 9, MidpointRounding.ToPositiveInfinity));
    }

    private static long Take(ref long left, long part)
    {
        part = Math.Clamp(part, 0, left);
        left -= part;
        return part;
    }

    private Rates RatesFor(long input, ServiceTier tier)
    {
        var above = Array.FindIndex(_thresholds, t => input > t.Tokens);
        var slot = ((above + 1) * Suffixes.Length) + (int)tier;
        return _rates[slot] ??= Resolve(above < 0 ? null : _thresholds[above].Words, Suffixes[(int)tier]);
    }

    private Rates Resolve(string? above, string tier)
    {
        // The most specific first. Above a threshold its standard price goes before the tier's price below it, as in LiteLLM.
        string[] forms = above is null ? [tier, ""] : [above + tier, above, tier, ""];
        decimal? Cost(string key) => forms.Select(form => Get(key + form)).FirstOrDefault(c => c is not null);
        var input = Cost(InputKey);
        var output = Cost(OutputKey);
        var read = Cost("cache_read_input_token_cost") ?? Cost("input_cost_per_token_cache_hit") ?? input;
        var write = Cost("cache_creation_input_token_cost") ?? input;

        // A price of output for this very tier holds for reasoning too, unless reasoning has one for it.
        var reasoning = forms.Select(form => Get(ReasoningKey + form) ?? Get(OutputKey + form)).FirstOrDefault(c => c is not null);
        return new Rates(
            input,
            output,
            read,
            Cost("cache_read_input_audio_token_cost") ?? read,
            write,
            Cost("cache_creation_input_token_cost_above_1hr") ?? write,
            reasoning,
            Cost("input_cost_per_audio_token") ?? input,
            Cost("input_cost_per_image_token") ?? input,
            Cost("output_cost_per_audio_token") ?? output,
            Cost("output_cost_per_image_token") ?? output);
    }

    private static (long Tokens, string Words) ThresholdOf(string key)
    {
        const string start = InputKey + "_above_";
        if (!key.StartsWith(start, StringComparison.Ordinal) || key.IndexOf("_tokens", start.Length, StringComparison.Ordinal) is not (> 0 and var end))
            return default;
        var number = key.AsSpan(start.Length, end - start.Length);
        var thousands = number is [.., 'k'];
        return long.TryParse(thousands ? number[..^1] : number, NumberStyles.None, CultureInfo.InvariantCulture, out var tokens) && tokens is > 0 and < 1_000_000_000
            ? (thousands ? tokens * 1000 : tokens, $"_above_{number}_tokens")
            : default;
    }

    private sealed record Rates(
        decimal? Input,
        decimal? Output,
        decimal? CacheRead,
        decimal? CacheReadAudio,
        decimal? CacheWrite,
        decimal? CacheWriteHour,
        decimal? Reasoning,
        decimal? AudioInput,
        decimal? ImageInput,
        decimal? AudioOutput,
        decimal? ImageOutput);
}
