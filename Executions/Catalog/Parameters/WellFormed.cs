using System.Text.Json;

namespace OsMEN.Executions.Catalog.Parameters;

/// <summary>What JSON allows and no parameter may be: half surrogate pairs, NUL, a name twice in an object, numbers of absurd length.</summary>
internal static class WellFormed
{
    public static void Check(JsonElement value, string field, Faults faults)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                if (Text(value) is null)
                {
                    faults.Add(field, "must be valid Unicode without NUL");
                }
                break;
            case JsonValueKind.Number:
                if (!ExactNumber.TryRead(value, out _))
                {
                    faults.Add(field, "is a number that is too long, too large or too small");
                }
                break;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in value.EnumerateArray())
                {
                    Check(item, Faults.Item(field, index++), faults);
                    if (faults.Full)
                    {
                        return;
                    }
                }
                break;
            case JsonValueKind.Object:
                CheckObject(value, field, faults);
                break;
            default:
                break;
        }
    }

    private static void CheckObject(JsonElement value, string field, Faults faults)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in value.EnumerateObject())
        {
            if (faults.Full)
            {
                return;
            }
            if (Name(property) is not { } name)
            {
                faults.Add(field, "must have names of valid Unicode without NUL");
                continue;
            }
            if (!names.Add(name))
            {
                faults.Add(Faults.Member(field, name), "is there twice");
            }
            Check(property.Value, Faults.Member(field, name), faults);
        }
    }

    private static string? Text(JsonElement value)
    {
        try
        {
            return value.GetString() is { } text && !text.Contains('\0') ? text : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Name(JsonProperty property)
    {
        try
        {
            return property.Name.Contains('\0') ? null : property.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
