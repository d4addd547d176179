using System.Text.Json;

namespace OsMEN.Gateway.Alerts.Measuring;

/// <summary>Labels of a series or an alert, by name in their order. An empty value is no label, as in Prometheus.</summary>
internal sealed class LabelSet
{
    public static readonly LabelSet Empty = new([]);

    private readonly KeyValuePair<string, string>[] _pairs;

    public LabelSet(IEnumerable<KeyValuePair<string, string>> labels)
    {
        _pairs = [.. labels.Where(l => l.Value.Length > 0)];
        Array.Sort(_pairs, static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        Key = string.Concat(_pairs.Select(p => $"{p.Key}\u0001{p.Value}\u0002"));
    }

    /// <summary>The same for the same labels, and only for them.</summary>
    public string Key { get; }

    public IReadOnlyList<KeyValuePair<string, string>> Pairs => _pairs;

    /// <summary>The label's value, empty where there is none.</summary>
    public string this[string name]
    {
        get
        {
            foreach (var (label, value) in _pairs)
                if (label == name) return value;
            return "";
        }
    }

    public LabelSet Keep(IReadOnlyList<string> names) =>
        names.Count == 0 ? Empty : new(_pairs.Where(p => names.Contains(p.Key, StringComparer.Ordinal)));

    public LabelSet Without(string name) => new(_pairs.Where(p => p.Key != name));

    /// <summary>With these too, which win.</summary>
    public LabelSet With(IReadOnlyList<KeyValuePair<string, string>> more) => new(_pairs.Where(p => !more.Any(m => m.Key == p.Key)).Concat(more));

    public string ToJson() => JsonSerializer.Serialize(_pairs.ToDictionary(StringComparer.Ordinal), AlertJsonContext.Default.DictionaryStringString);

    public static LabelSet FromJson(string json) => new(JsonSerializer.Deserialize(json, AlertJsonContext.Default.DictionaryStringString) ?? []);
}
