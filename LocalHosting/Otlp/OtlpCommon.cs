using System.Globalization;
using System.Text;

namespace OsMEN.LocalHosting.Otlp;

/// <summary>Reads what all three signals share. https://github.com/open-telemetry/opentelemetry-proto</summary>
internal static class OtlpCommon
{
    // A stack trace is longer than most values, and what is longer than this is not read by people.
    private const int MaxText = 32 * 1024;
    private const int MaxAttributes = 128;
    private const int MaxDepth = 8;

    public static TelemetrySource ReadSource(ReadOnlySpan<byte> resource)
    {
        var attributes = new List<TelemetryAttribute>();
        var reader = new ProtobufReader(resource);
        while (reader.Next())
        {
            if (reader.Field == 1)
                AddAttribute(attributes, reader.Bytes());
            else
                reader.Skip();
        }

        return new(Find("service.name") ?? "unknown", Find("service.instance.id") ?? "");

        string? Find(string key) => attributes.Find(a => a.Key == key).Value is { Length: > 0 } value ? Short(value) : null;
    }

    public static string ReadScopeName(ReadOnlySpan<byte> scope)
    {
        var name = "";
        var reader = new ProtobufReader(scope);
        while (reader.Next())
        {
            if (reader.Field == 1)
                name = Short(reader.Text());
            else
                reader.Skip();
        }

        return name;
    }

    public static void AddAttribute(List<TelemetryAttribute> attributes, ReadOnlySpan<byte> keyValue)
    {
        var (key, value) = ReadKeyValue(keyValue, 0);
        if (attributes.Count < MaxAttributes)
            attributes.Add(new(key, value));
    }

    /// <summary>A name: what is longer is cut.</summary>
    public static string Short(string text) => text.Length <= 512 ? text : text[..512];

    /// <summary>Hexadecimal; null where there is none.</summary>
    public static string? Id(ReadOnlySpan<byte> id) => id.Length is 8 or 16 && id.ContainsAnyExcept((byte)0) ? Convert.ToHexStringLower(id) : null;

    public static string ReadValue(ReadOnlySpan<byte> value) => ReadValue(value, 0);

    private static (string Key, string Value) ReadKeyValue(ReadOnlySpan<byte> keyValue, int depth)
    {
        string key = "", value = "";
        var reader = new ProtobufReader(keyValue);
        while (reader.Next())
        {
            if (reader.Field == 1)
                key = Short(reader.Text());
            else if (reader.Field == 2)
                value = ReadValue(reader.Bytes(), depth);
            else
                reader.Skip();
        }

        return (key, value);
    }

    private static string ReadValue(ReadOnlySpan<byte> any, int depth)
    {
        if (depth > MaxDepth)
            return "…";
        var text = "";
        var reader = new ProtobufReader(any);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    text = reader.Text();
                    break;
                case 2:
                    text = reader.Number() == 0 ? "false" : "true";
                    break;
                case 3:
                    text = ((long)reader.Number()).ToString(CultureInfo.InvariantCulture);
                    break;
                case 4:
                    text = reader.Double().ToString(CultureInfo.InvariantCulture);
                    break;
                case 5:
                    text = ReadList(reader.Bytes(), depth, keyed: false);
                    break;
                case 6:
                    text = ReadList(reader.Bytes(), depth, keyed: true);
                    break;
                case 7:
                    text = string.Create(CultureInfo.InvariantCulture, $"({reader.Bytes().Length} bytes)");
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return text.Length <= MaxText ? text : text[..MaxText] + "…";
    }

    private static string ReadList(ReadOnlySpan<byte> list, int depth, bool keyed)
    {
        var text = new StringBuilder(keyed ? "{" : "[");
        var reader = new ProtobufReader(list);
        while (reader.Next())
        {
            if (reader.Field != 1 || text.Length > MaxText)
            {
                reader.Skip();
                continue;
            }

            if (text.Length > 1)
                text.Append(", ");
            if (keyed)
            {
                var (key, value) = ReadKeyValue(reader.Bytes(), depth + 1);
                text.Append(key).Append(": ").Append(value);
            }
            else
            {
                text.Append(ReadValue(reader.Bytes(), depth + 1));
            }
        }

        return text.Append(keyed ? '}' : ']').ToString();
    }
}
