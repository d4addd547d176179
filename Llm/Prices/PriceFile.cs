using System.Text.Json;

namespace OsMEN.Llm;

/// <summary>A file, or a body, of prices in LiteLLM's form: an object of <c>"platform/model": {…}</c>.</summary>
public static class PriceFile
{
    /// <summary>Most entries of one file; LiteLLM's own has about 3,000.</summary>
    public const int MaxEntries = 20_000;

    /// <summary>
    /// Reads a file. An entry may be an array of several, each with its own <c>effective_from</c>; null asks for the removal of all of that name.
    /// Names that begin with <c>_</c> and LiteLLM's <c>sample_spec</c> are no entries.
    /// </summary>
    public static PriceFileContent Read(JsonElement root)
    {
        var entries = new List<PriceEntry>();
        var removed = new List<string>();
        var errors = new List<(string Name, string Error)>();
        var skipped = 0;
        if (root.ValueKind != JsonValueKind.Object)
            return new PriceFileContent([], [], [("", "must be an object of prices by platform/model")], 0);
        var isLiteLLMs = root.EnumerateObject().Any(m => IsLiteLLMs(m.Value));
        foreach (var model in root.EnumerateObject())
        {
            if (entries.Count + removed.Count >= MaxEntries)
            {
                errors.Add(("", $"has more than {MaxEntries} entries"));
                break;
            }

            if (model.Name == "sample_spec" || model.Name.StartsWith('_'))
                continue;
            // Its file also tells of itself, under names that no model has.
            if (isLiteLLMs && !model.Name.Contains('/', StringComparison.Ordinal) && !IsLiteLLMs(model.Value))
            {
                skipped++;
                continue;
            }

            if (model.Value.ValueKind == JsonValueKind.Null)
            {
                var (name, error) = PriceEntry.FullName(model.Name, null);
                if (error is null)
                    removed.Add(name);
                else
                    errors.Add((model.Name, error));
                continue;
            }

            foreach (var version in model.Value.ValueKind == JsonValueKind.Array ? [.. model.Value.EnumerateArray()] : new[] { model.Value })
            {
                var (entry, error) = PriceEntry.Read(model.Name, version);
                if (entry is not null)
                    entries.Add(entry);
                else if (error is not null)
                    errors.Add((model.Name, error));
                else
                    skipped++;
            }
        }

        // Of LiteLLM's "gpt-4o" and "openai/gpt-4o" the later one stands, as in any JSON object.
        var distinct = entries.GroupBy(e => (e.Name.ToUpperInvariant(), e.EffectiveFrom)).Select(g => g.Last());
        return new PriceFileContent([.. distinct], removed, errors, skipped);
    }

    private static bool IsLiteLLMs(JsonElement entry) => entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty(PriceEntry.ProviderKey, out _);
}

/// <summary>What a file holds.</summary>
/// <param name="Removed">Names whose prices are to go.</param>
/// <param name="Errors">By name; while there are any, nothing of the file may be taken.</param>
/// <param name="Skipped">How many entries have no price that is known here (images by the piece, speech by the second).</param>
public sealed record PriceFileContent(
    IReadOnlyList<PriceEntry> Entries, IReadOnlyList<string> Removed, IReadOnlyList<(string Name, string Error)> Errors, int Skipped);
