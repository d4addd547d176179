using System.Collections.Frozen;
using System.Text.Json;

namespace OsMEN.Llm;

/// <summary>Dollars a token of one model, in the keys of LiteLLM's price file.</summary>
public sealed record ModelPrice
{
    /// <summary><c>input_cost_per_token</c>.</summary>
    public required decimal Input { get; init; }

    /// <summary><c>output_cost_per_token</c>.</summary>
    public required decimal Output { get; init; }

    /// <summary><c>cache_read_input_token_cost</c>; null prices cached input as input.</summary>
    public decimal? CachedInput { get; init; }

    /// <summary><c>cache_creation_input_token_cost</c>; null prices cache writes as input.</summary>
    public decimal? CacheWrite { get; init; }

    /// <summary><c>output_cost_per_reasoning_token</c>; null prices reasoning as output.</summary>
    public decimal? Reasoning { get; init; }

    /// <summary>Dollars for a call, rounded to nine places.</summary>
    public decimal Cost(TokenUsage tokens)
    {
        var plainInput = Math.Max(tokens.Input - tokens.CachedInput - tokens.CacheWrite, 0);
        var plainOutput = Math.Max(tokens.Output - tokens.Reasoning, 0);
        return decimal.Round(
            (plainInput * Input) + (tokens.CachedInput * (CachedInput ?? Input)) + (tokens.CacheWrite * (CacheWrite ?? Input)) +
            (plainOutput * Output) + (tokens.Reasoning * (Reasoning ?? Output)),
            9);
    }
}

/// <summary>What models cost, by <c>platform/model</c>. Immutable.</summary>
public sealed class PriceTable
{
    private static readonly ModelPrice Free = new() { Input = 0, Output = 0 };

    private readonly FrozenDictionary<string, ModelPrice> _prices;

    private PriceTable(IEnumerable<KeyValuePair<string, ModelPrice>> prices) => _prices = prices.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>The curated table of this build (Prices/prices.json, which names its date).</summary>
    public static PriceTable Shipped()
    {
        using var stream = typeof(PriceTable).Assembly.GetManifestResourceStream("OsMEN.Llm.prices.json")
            ?? throw new InvalidOperationException("prices.json is not embedded.");
        return Parse(stream);
    }

    /// <summary>Reads a file in LiteLLM's format; entries without a price per token are passed over.</summary>
    /// <exception cref="JsonException">It is no JSON object of objects.</exception>
    public static PriceTable Parse(Stream json)
    {
        using var document = JsonDocument.Parse(json);
        var prices = new Dictionary<string, ModelPrice>(StringComparer.OrdinalIgnoreCase);
        foreach (var model in document.RootElement.EnumerateObject())
        {
            if (model.Value.ValueKind == JsonValueKind.Object && Read(model.Value) is { } price)
                prices[model.Name] = price;
        }

        return new PriceTable(prices);
    }

    /// <summary>
    /// The price of a model: under its name, else under its name without a trailing date (<c>gpt-5-mini-2025-08-07</c> is
    /// <c>gpt-5-mini</c>). Null when unknown, which is not zero; models run on one's own machine (ollama, offline) are free.
    /// </summary>
    public ModelPrice? Find(ModelName model)
    {
        if (model.Platform is Platforms.Offline or Platforms.Ollama)
            return Free;
        if (_prices.TryGetValue(model.ToString(), out var price))
            return price;
        var undated = WithoutDate(model.Model);
        return undated.Length < model.Model.Length && _prices.TryGetValue((model with { Model = undated }).ToString(), out price) ? price : null;
    }

    /// <summary>Dollars for a call; null when the model has no price.</summary>
    public decimal? Cost(ModelName model, TokenUsage tokens) => Find(model)?.Cost(tokens);

    private static ModelPrice? Read(JsonElement model)
    {
        if (Number(model, "input_cost_per_token") is not { } input || Number(model, "output_cost_per_token") is not { } output)
            return null;
        return new ModelPrice
        {
            Input = input,
            Output = output,
            CachedInput = Number(model, "cache_read_input_token_cost"),
            CacheWrite = Number(model, "cache_creation_input_token_cost"),
            Reasoning = Number(model, "output_cost_per_reasoning_token"),
        };
    }

    private static decimal? Number(JsonElement model, string name) =>
        model.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) && number >= 0 ? number : null;

    private static string WithoutDate(string model)
    {
        // -2025-08-07 at OpenAI, -20250929 at Anthropic.
        var end = model.Length;
        while (end > 0 && (char.IsAsciiDigit(model[end - 1]) || model[end - 1] == '-'))
            end--;
        return model.AsSpan(end).Count('-') is var dashes and > 0 && model.Length - end - dashes == 8 ? model[..end] : model;
    }
}
