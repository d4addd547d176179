using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace OsMEN.Llm;

/// <summary>Prices by name and pattern. Immutable; <see cref="Find"/> remembers what patterns matched.</summary>
internal sealed class PriceIndex
{
    public static readonly PriceIndex Empty = new([]);

    // Names come from callers too.
    private const int MaxRemembered = 2000;

    private readonly FrozenDictionary<string, PriceEntry[]> _exact;
    private readonly (Regex Pattern, PriceEntry[] Entries)[] _patterns;
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, PriceEntry[]> _matched = new(StringComparer.OrdinalIgnoreCase);

    public PriceIndex(IEnumerable<PriceEntry> entries)
    {
        Entries = [.. entries.OrderBy(e => e.Name, StringComparer.Ordinal).ThenBy(e => e.EffectiveFrom ?? DateTimeOffset.MinValue)];
        var byName = Entries.GroupBy(e => e.Name, StringComparer.OrdinalIgnoreCase)
            .Select(g => (g.Key, Entries: g.OrderByDescending(e => e.EffectiveFrom ?? DateTimeOffset.MinValue).ToArray())).ToArray();
        _exact = byName.Where(e => !e.Entries[0].IsPattern).ToFrozenDictionary(e => e.Key, e => e.Entries, StringComparer.OrdinalIgnoreCase);
        _patterns =
        [
            .. byName.Where(e => e.Entries[0].IsPattern)
                .OrderByDescending(e => e.Key.Count(char.IsLetterOrDigit)).ThenBy(e => e.Key, StringComparer.Ordinal)
                .Select(e => (ToRegex(e.Key), e.Entries)),
        ];
    }

    public IReadOnlyList<PriceEntry> Entries { get; }

    public ModelPrice? Find(string name, string? undated, DateTimeOffset at) =>
        AtTime(_exact.GetValueOrDefault(name), at)
        ?? (undated is null ? null : AtTime(_exact.GetValueOrDefault(undated), at))
        ?? AtTime(Matching(name), at);

    private PriceEntry[]? Matching(string name)
    {
        if (_patterns.Length == 0)
            return null;
        if (_matched.TryGetValue(name, out var found))
            return found;
        if (_matched.Count > MaxRemembered)
            _matched.Clear();
        return _matched[name] = [.. _patterns.Where(p => p.Pattern.IsMatch(name)).SelectMany(p => p.Entries)];
    }

    // Of one name the latest that holds is the first; of patterns the first whose time has come.
    private static ModelPrice? AtTime(PriceEntry[]? entries, DateTimeOffset at) =>
        entries is null ? null : Array.Find(entries, e => e.EffectiveFrom is not { } from || from <= at)?.Price;

    private static Regex ToRegex(string pattern) =>
        (pattern[0] == '^' ? PriceEntry.TryRegex(pattern) : PriceEntry.TryRegex($"^{string.Join(".*", pattern.Split('*').Select(Regex.Escape))}$"))
        ?? throw new ArgumentException($"'{pattern}' is no pattern.", nameof(pattern));
}
