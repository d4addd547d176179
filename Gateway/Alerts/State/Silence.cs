using System.Text.Json.Nodes;
using System.Text.Json;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.Measuring;
using OsMEN.Gateway.Alerts.Rules;

namespace OsMEN.Gateway.Alerts.State;

/// <summary>For a while, or again and again, nobody is told of alerts that match; they are still evaluated and shown.</summary>
/// <param name="Matchers">All must match; a value is exact, but <c>*</c> stands for any text.</param>
/// <param name="EndsAt"><see cref="Endless"/> where it recurs until somebody ends it.</param>
/// <param name="Recurring">The windows, between start and end, in which it holds; null is all of the time between them.</param>
internal sealed record Silence(
    string Id, IReadOnlyList<LabelFilter> Matchers, DateTimeOffset StartsAt, DateTimeOffset EndsAt, string Comment, string CreatedBy, DateTimeOffset CreatedAt, Recurrence? Recurring = null)
{
    /// <summary>The last millisecond that there is.</summary>
    public static readonly DateTimeOffset Endless = DateTimeOffset.FromUnixTimeMilliseconds(DateTimeOffset.MaxValue.ToUnixTimeMilliseconds());

    private const int MaxMatchers = 20;

    public bool Covers(LabelSet labels, DateTimeOffset now) => Matchers.All(m => m.Matches(labels[m.Label])) && WindowAt(now) is { } window && window.StartsAt <= now;

    /// <summary>The window in which it holds now, else the next one; null where none is left.</summary>
    public TimeWindow? WindowAt(DateTimeOffset now)
    {
        if (now >= EndsAt) return null;
        if (Recurring is null) return new(StartsAt, EndsAt);
        if (Recurring.At(now > StartsAt ? now : StartsAt) is not { } window || window.StartsAt >= EndsAt) return null;
        return new(window.StartsAt > StartsAt ? window.StartsAt : StartsAt, window.EndsAt < EndsAt ? window.EndsAt : EndsAt);
    }

    /// <summary>Matchers as <c>{"alertname": "High*", "severity": ["info", "warning"]}</c>.</summary>
    public static List<LabelFilter> ReadMatchers(JsonElement element, string field, List<FieldError> errors)
    {
        List<LabelFilter> read = [];
        if (!JsonFields.IsUnicode(element))
        {
            errors.Add(new(field, "must be valid Unicode"));
            return read;
        }
        if (element.ValueKind != JsonValueKind.Object || !element.EnumerateObject().Any() || element.EnumerateObject().Count() > MaxMatchers)
        {
            errors.Add(new(field, $"must be an object of 1 to {MaxMatchers} labels, such as {{\"alertname\": \"HighCost\"}}"));
            return read;
        }
        foreach (var property in element.EnumerateObject())
        {
            JsonElement[] values = property.Value.ValueKind == JsonValueKind.Array ? [.. property.Value.EnumerateArray()] : [property.Value];
            if (values.Length is 0 or > 100 || values.Any(v => v.ValueKind != JsonValueKind.String || v.GetString()!.Length > 500) || property.Name.Length > 100)
                errors.Add(new($"{field}.{property.Name}", "must be a text of at most 500 characters, or a list of such"));
            else read.Add(new(property.Name, [.. values.Select(v => v.GetString()!)], Excludes: false));
        }
        return read;
    }

    public static string WriteMatchers(IReadOnlyList<LabelFilter> matchers) =>
        new JsonObject(matchers.Select(m => KeyValuePair.Create(m.Label, (JsonNode?)new JsonArray([.. m.Values.Select(v => (JsonNode?)JsonValue.Create(v))])))).ToJsonString();
}
