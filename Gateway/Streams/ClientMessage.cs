using System.Text.Json;

namespace OsMEN.Gateway.Streams;

/// <summary>What a client may say.</summary>
internal sealed record ClientMessage(string Type, string? ExecutionId, long After)
{
    /// <summary>The message, or why it is none.</summary>
    public static (ClientMessage? Message, string? Error) Read(ReadOnlySpan<byte> utf8)
    {
        try
        {
            var reader = new Utf8JsonReader(utf8);
            using var document = JsonDocument.ParseValue(ref reader);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                return (null, "A message is a JSON object.");
            if (!TryText(root, "type", out var type) || type is null)
                return (null, "A message has a type: subscribe, unsubscribe or ping.");
            if (type is not ("subscribe" or "unsubscribe" or "ping"))
                return (null, "The type is none of subscribe, unsubscribe and ping.");
            if (!TryText(root, "executionId", out var id) || (id is null && type != "ping"))
                return (null, "executionId must be text.");
            var after = 0L;
            if (root.TryGetProperty("after", out var number) && (number.ValueKind != JsonValueKind.Number || !number.TryGetInt64(out after) || after < 0))
                return (null, "after must be the number of an event.");
            return (new ClientMessage(type, id, after), null);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return (null, "The message is not JSON.");
        }
    }

    private static bool TryText(JsonElement root, string name, out string? text)
    {
        text = null;
        if (!root.TryGetProperty(name, out var value))
            return true;
        if (value.ValueKind != JsonValueKind.String)
            return false;
        text = value.GetString();
        return text!.Length <= 100;
    }
}
