using System.Text.Json;
using System.Text.RegularExpressions;

namespace OsMEN.Llm;

/// <summary>
/// What models cost, by <c>platform/model</c>: the user's own prices first, then the table of this build. Which one holds is decided
/// when a call is priced, by the time when it began; the cost of a recorded call never changes. Safe for several threads.
/// </summary>
public sealed partial class PriceTable
{
    private static readonly ModelPrice Free = new(new Dictionary<string, decimal>(StringComparer.Ordinal) { ["input_cost_per_token"] = 0, ["output_cost_per_token"] = 0 });

    private readonly PriceIndex _shipped;
    private volatile PriceIndex _user = PriceIndex.Empty;

    private PriceTable(IEnumerable<PriceEntry> shipped) => _shipped = new PriceIndex(shipped);

    /// <summary>The entries of this build, by name.</summary>
    public IReadOnlyList<PriceEntry> ShippedEntries => _shipped.Entries;

    /// <summary>The user's own entries, by name.</summary>
    public IReadOnlyList<PriceEntry> UserEntries => _user.Entries;

    /// <summary>The curated table of this build (Prices/prices.json, which names its date).</summary>
    public static PriceTable Shipped()
    {
        using var stream = typeof(PriceTable).Assembly.GetManifestResourceStream("OsMEN.Llm.prices.json")
            ?? throw new InvalidOperationException("prices.json is not embedded.");
        return Parse(stream);
    }

    /// <summary>Reads a file in LiteLLM's format; entries without a price that is known here are passed over.</summary>
    /// <exception cref="JsonException">It is no JSON object.</exception>
    public static PriceTable Parse(Stream json)
    {
        using var document = JsonDocument.Parse(json);
        return new PriceTable(PriceFile.Read(document.RootElement).Entries);
    }

    /// <summary>Replaces the user's prices. Calls that are under way may still be priced by the old ones.</summary>
    public void SetUserPrices(IEnumerable<PriceEntry> entries) => _user = new PriceIndex(entries);

    /// <summary>
    /// The price of a model at a time (null is the end of time: of several, the latest). The user's entries go before this build's; an exact name
    /// before a pattern, the pattern with the most letters first; a name that ends in a date is also looked for without it
    /// (<c>gpt-5-mini-2025-08-07</c> is <c>gpt-5-mini</c>). Null when unknown, which is not zero; models run on one's own machine
    /// (ollama, offline) are free unless the user says otherwise.
    /// </summary>
    public ModelPrice? Find(ModelName model, DateTimeOffset? at = null)
    {
        var name = model.ToString();
        var undated = WithoutDate(model.Model) is { } m ? (model with { Model = m }).ToString() : null;
        var time = at ?? DateTimeOffset.MaxValue;
        return _user.Find(name, undated, time)
            ?? (model.Platform is Platforms.Offline or Platforms.Ollama ? Free : _shipped.Find(name, undated, time));
    }

    /// <summary>
    /// The price of a call: by the name that was asked for, else by the one that answered; then both as models of whoever runs the server
    /// (<see cref="LlmOptions.HostOf"/>).
    /// </summary>
    /// <param name="answered">The model's name as the provider gave it back; null when it gave none.</param>
    public ModelPrice? FindForCall(ModelName asked, string? answered, ModelName? hosted, DateTimeOffset at)
    {
        foreach (var name in (ModelName?[])[asked, hosted])
        {
            if (name is { } n && (Find(n, at) ?? (answered is null ? null : Find(n with { Model = answered }, at))) is { } price)
                return price;
        }

        return null;
    }

    /// <summary>Dollars for a call; null when the model has no price for what it used.</summary>
    public decimal? Cost(ModelName model, TokenUsage tokens, DateTimeOffset? at = null, ServiceTier tier = ServiceTier.Standard) =>
        Find(model, at)?.Cost(tokens, tier);

    private static string? WithoutDate(string model) => Date().Match(model) is { Success: true, Index: > 0 and var start } ? model[..start] : null;

    // -2025-08-07 at OpenAI, -20250929 at Anthropic.
    [GeneratedRegex(@"-20[0-9]{2}(-[0-9]{2}-[0-9]{2}|[0-9]{4})$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Date();
}
