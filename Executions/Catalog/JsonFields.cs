using System.Text.Json;

namespace OsMEN.Executions.Catalog;

/// <summary>Takes typed fields from a JSON object one by one, noting what is wrong instead of throwing.</summary>
public sealed class JsonFields
{
    private readonly string _prefix;
    private readonly List<FieldError> _errors;
    private readonly Dictionary<string, JsonElement> _rest = new(StringComparer.Ordinal);
    private readonly List<string> _known = [];

    public JsonFields(JsonElement element, string prefix, List<FieldError> errors)
    {
        _prefix = prefix;
        _errors = errors;
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in element.EnumerateObject())
            {
                if (!_rest.TryAdd(property.Name, property.Value))
                {
                    Refuse(property.Name, "is there twice");
                }
            }
        }
        else if (element.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null) || prefix.Length == 0)
        {
            errors.Add(new(prefix.TrimEnd('.'), "must be an object with named fields"));
        }
    }

    public static string WireName<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    /// <summary>The field's value, undefined when absent; it then counts as known.</summary>
    public JsonElement Take(string name)
    {
        _known.Add(name);
        _rest.Remove(name, out var value);
        return value;
    }

    public string? Text(string name) => TextOf(Take(name), name);

    public IReadOnlyList<string> Texts(string name)
    {
        var value = Take(name);
        if (Absent(value))
        {
            return [];
        }
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > 1000)
        {
            Refuse(name, "must be a list of texts");
            return [];
        }
        return [.. value.EnumerateArray().Select((item, i) => Absent(item) ? RefuseText($"{name}[{i}]") : TextOf(item, $"{name}[{i}]")).OfType<string>()];
    }

    public T Choice<T>(string name, T otherwise)
        where T : struct, Enum
    {
        var text = Text(name);
        foreach (var value in Enum.GetValues<T>())
        {
            if (WireName(value) == text)
            {
                return value;
            }
        }
        if (text is not null)
        {
            Refuse(name, $"must be one of: {string.Join(", ", Enum.GetValues<T>().Select(WireName))}");
        }
        return otherwise;
    }

    public double? Number(string name)
    {
        var value = Take(name);
        if (Absent(value))
        {
            return null;
        }
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number))
        {
            return number;
        }
        Refuse(name, "must be a number");
        return null;
    }

    public bool? Flag(string name)
    {
        var value = Take(name);
        if (Absent(value))
        {
            return null;
        }
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.ValueKind == JsonValueKind.True;
        }
        Refuse(name, "must be true or false");
        return null;
    }

    /// <summary>Dollars, with at most nine places.</summary>
    public decimal? Money(string name)
    {
        var value = Take(name);
        if (Absent(value))
        {
            return null;
        }
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var dollars) && dollars.Scale <= 9)
        {
            return dollars;
        }
        Refuse(name, "must be dollars, a number with at most 9 places");
        return null;
    }

    public long? Integer(string name, long most)
    {
        var value = Take(name);
        if (Absent(value))
        {
            return null;
        }
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= -most && number <= most)
        {
            return number;
        }
        Refuse(name, "must be a whole number");
        return null;
    }

    /// <summary>Any JSON as compact text.</summary>
    public string? Json(string name)
    {
        var value = Take(name);
        if (Absent(value))
        {
            return null;
        }
        if (IsUnicode(value))
        {
            return JsonSerializer.Serialize(value, AgentJsonContext.Default.JsonElement);
        }
        Refuse(name, "must be valid Unicode");
        return null;
    }

    public TimeSpan? Duration(string name)
    {
        var value = Take(name);
        if (Absent(value))
        {
            return null;
        }
        if (value.ValueKind == JsonValueKind.String && DurationText.TryParse(value.GetString(), out var duration))
        {
            return duration;
        }
        Refuse(name, "must be a duration with its unit, such as 30s, 5m or 2h");
        return null;
    }

    /// <summary>What was not asked for is an error: a misspelt limit must not pass for a set one.</summary>
    public void RefuseOthers()
    {
        foreach (var name in _rest.Keys.Take(20))
        {
            Refuse(Shorten(name), $"is no known key; there are: {string.Join(", ", _known)}");
        }
    }

    /// <summary>
    /// Whether every text and name inside is Unicode. Escaped halves of surrogate pairs are valid JSON, but no text: whoever reads
    /// them later would stumble.
    /// </summary>
    public static bool IsUnicode(JsonElement value)
    {
        try
        {
            return value.ValueKind switch
            {
                JsonValueKind.String => value.GetString() is not null,
                JsonValueKind.Array => value.EnumerateArray().All(IsUnicode),
                JsonValueKind.Object => value.EnumerateObject().All(p => p.Name is not null && IsUnicode(p.Value)),
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static bool Absent(JsonElement value) => value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    private static string Shorten(string name) => name.Length <= 64 ? name : name[..64] + "…";

    private string? TextOf(JsonElement value, string name)
    {
        if (Absent(value))
        {
            return null;
        }
        if (value.ValueKind != JsonValueKind.String)
        {
            return RefuseText(name);
        }
        try
        {
            var text = value.GetString()!;
            if (!text.Contains('\0'))
            {
                return text;
            }
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair: not text that a database or a provider would take.
        }
        Refuse(name, "must be valid Unicode without NUL");
        return null;
    }

    private string? RefuseText(string name)
    {
        Refuse(name, "must be text");
        return null;
    }

    private void Refuse(string name, string message) => _errors.Add(new(_prefix + name, message));
}
