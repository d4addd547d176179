using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OsMEN.Llm;

/// <summary>
/// A price under a name, from a time on: <see cref="Name"/> is <c>platform/model</c>, a pattern such as <c>openai/gpt-4o*</c>, or an anchored
/// regular expression such as <c>^openai/gpt-4o(-mini)?$</c>. Case does not matter.
/// </summary>
/// <param name="EffectiveFrom">Not before this; null is always.</param>
/// <param name="Json">The entry as it was given.</param>
public sealed record PriceEntry(string Name, DateTimeOffset? EffectiveFrom, ModelPrice Price, string Json)
{
    /// <summary>A search's price stands in an object of its own, by how much context is searched; the middle one is taken.</summary>
    internal const string SearchKey = "search_context_cost_per_query";

    internal const string EffectiveKey = "effective_from";
    internal const string ProviderKey = "litellm_provider";
    private const int MaxName = 200;
    private const int MaxJson = 16 * 1024;
    private const decimal MaxCost = 1000;

    private static readonly string[] Kinds =
    [
        "cache_creation_input_audio_token_cost", "cache_creation_input_token_cost", "cache_read_input_audio_token_cost", "cache_read_input_token_cost",
        "input_cost_per_audio_token", "input_cost_per_image", "input_cost_per_image_token", "input_cost_per_request", "input_cost_per_token",
        "output_cost_per_audio_token", "output_cost_per_image_token", "output_cost_per_reasoning_token", "output_cost_per_token",
    ];

    private static readonly Regex Extension = new(
        "^(_cache_hit|_above_1hr)?(_above_[0-9]{1,9}k?_tokens)?(_batches|_flex|_priority)?$", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);

    /// <summary>Whether the name stands for many models.</summary>
    public bool IsPattern => Name[0] == '^' || Name.Contains('*', StringComparison.Ordinal);

    /// <summary>
    /// Reads one entry. Of LiteLLM's own (those with <c>litellm_provider</c>) what has no price here is passed over: <c>Entry</c> and
    /// <c>Error</c> are both null. Of others it is an error, as is a cost under a name that means nothing: a slip must not cost nothing.
    /// </summary>
    public static (PriceEntry? Entry, string? Error) Read(string name, JsonElement json)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (json.ValueKind != JsonValueKind.Object)
            return (null, "must be an object of prices, or null to remove them");
        var provider = json.TryGetProperty(ProviderKey, out var p) && p.ValueKind == JsonValueKind.String ? p.GetString() : null;
        var costs = new Dictionary<string, decimal>(StringComparer.Ordinal);
        DateTimeOffset? from = null;
        foreach (var field in json.EnumerateObject())
        {
            var isKnown = IsCost(field.Name);
            if (field.Name == EffectiveKey)
            {
                if (field.Value.ValueKind != JsonValueKind.String || !TryTime(field.Value.GetString()!, out var time))
                    return (null, "effective_from must be a time, such as 2030-01-31T00:00:00Z");
                from = time;
            }
            else if (field.Name == SearchKey && field.Value.ValueKind == JsonValueKind.Object)
            {
                if (field.Value.TryGetProperty("search_context_size_medium", out var medium) && TryCost(medium, out var search))
                    costs[SearchKey] = search;
            }
            else if (isKnown && field.Value.ValueKind != JsonValueKind.Null)
            {
                if (!TryCost(field.Value, out var cost))
                    return (null, $"{field.Name} must be dollars as a number from 0 to {MaxCost}");
                costs[field.Name] = cost;
            }
            else if (provider is null && !isKnown && field.Name.Contains("cost", StringComparison.OrdinalIgnoreCase))
            {
                return (null, $"{Shorten(field.Name)} is no price that is known here; see docs/prices.md");
            }
        }

        if (!costs.Keys.Any(k => k.StartsWith("input_cost_per_", StringComparison.Ordinal) || k.StartsWith("output_cost_per_", StringComparison.Ordinal)))
            return provider is null ? (null, "has no price; at least input_cost_per_token") : default;
        var raw = json.GetRawText();
        if (raw.Length > MaxJson)
            return (null, $"is longer than {MaxJson} characters");
        var (full, error) = FullName(name, provider);
        return error is null ? (new PriceEntry(full, from, new ModelPrice(costs), raw), null) : (null, error);
    }

    /// <summary>The name under which an entry is kept: LiteLLM's bare ones get their provider's.</summary>
    public static (string Name, string? Error) FullName(string name, string? provider)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length is 0 or > MaxName || name.Any(c => char.IsControl(c) || c == ' '))
            return (name, "the name must be platform/model, at most 200 characters, without spaces");
        if (name[0] == '^')
            return (name, TryRegex(name) is null ? "the pattern must be a regular expression from ^ to $, without look-around and back-references" : null);
        if (name.Contains('/', StringComparison.Ordinal))
            return (name, null);
        return string.IsNullOrEmpty(provider) ? (name, "the name must be platform/model") : ($"{provider}/{name}", null);
    }

    /// <summary>Compiled so that it takes time linear in the name, whatever the pattern; null when it is none.</summary>
    internal static Regex? TryRegex(string pattern)
    {
        if (pattern.Length < 3 || pattern[0] != '^' || pattern[^1] != '$' || pattern[^2] == '\\')
            return null;
        try
        {
            // In brackets, so that the anchors hold for every alternative.
            return new Regex($"^(?:{pattern[1..^1]})\\z", RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    private static bool IsCost(string key)
    {
        foreach (var kind in Kinds)
        {
            if (key == kind || (key.StartsWith(kind, StringComparison.Ordinal) && Extension.IsMatch(key.AsSpan(kind.Length))))
                return true;
        }

        return false;
    }

    private static bool TryCost(JsonElement value, out decimal cost)
    {
        cost = 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out cost) && cost is >= 0 and <= MaxCost;
    }

    private static bool TryTime(string text, out DateTimeOffset time) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time) && text.Length >= 10;

    private static string Shorten(string text) => text.Length <= 80 ? text : text[..80];
}
