using System.Text.Json;

namespace OsMEN.Executions.Usage;

/// <summary>Finds a call's arguments in the journaled answer that asked for it: <c>{"text","calls":[{"id","name","arguments"}]}</c>.</summary>
internal static class CallArguments
{
    private const int Longest = 2000;

    public static string? Find(string turn, string callId)
    {
        try
        {
            using var json = JsonDocument.Parse(turn);
            if (!json.RootElement.TryGetProperty("calls", out var calls) || calls.ValueKind != JsonValueKind.Array)
                return null;
            foreach (var call in calls.EnumerateArray())
            {
                if (call.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String && id.GetString() == callId && call.TryGetProperty("arguments", out var arguments))
                    return Cut(arguments.GetRawText());
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Another version's journal.
        }

        return null;
    }

    private static string Cut(string text) =>
        text.Length <= Longest ? text : text[..(char.IsHighSurrogate(text[Longest - 1]) ? Longest - 1 : Longest)];
}
