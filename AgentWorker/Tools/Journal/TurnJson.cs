using System.Text.Json;
using Microsoft.Extensions.AI;
using OsMEN.AgentWorker.Agents;
using OsMEN.Llm.Tools;

namespace OsMEN.AgentWorker.Tools.Journal;

/// <summary>A model's answer as the journal holds it: <c>{"text","calls":[{"id","name","arguments"|"invalid"}]}</c>.</summary>
internal static class TurnJson
{
    public static string Write(ChatMessage answer)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("text"u8, AgentInput.Whole(answer.Text));
            json.WriteStartArray("calls"u8);
            foreach (var call in answer.Contents.OfType<FunctionCallContent>())
                Write(json, call);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    public static ToolLoopTurn Read(string text, long tokens)
    {
        using var json = JsonDocument.Parse(text);
        var answer = new ChatMessage(ChatRole.Assistant, []);
        if (json.RootElement.GetProperty("text").GetString() is { Length: > 0 } said)
            answer.Contents.Add(new TextContent(said));
        foreach (var call in json.RootElement.GetProperty("calls").EnumerateArray())
        {
            var arguments = call.TryGetProperty("arguments", out var given)
                ? given.EnumerateObject().ToDictionary(p => p.Name, p => (object?)p.Value.Clone(), StringComparer.Ordinal)
                : null;
            answer.Contents.Add(new FunctionCallContent(call.GetProperty("id").GetString()!, call.GetProperty("name").GetString()!, arguments)
            {
                Exception = call.TryGetProperty("invalid", out _) ? new FormatException("The arguments are not a JSON object.") : null,
            });
        }

        return new ToolLoopTurn(answer, tokens);
    }

    private static void Write(Utf8JsonWriter json, FunctionCallContent call)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, AgentInput.Whole(call.CallId));
        json.WriteString("name"u8, AgentInput.Whole(call.Name));
        if (call.Exception is not null)
            json.WriteBoolean("invalid"u8, true);
        if (call.Arguments is { } arguments)
        {
            json.WriteStartObject("arguments"u8);
            foreach (var (name, value) in arguments)
            {
                json.WritePropertyName(AgentInput.Whole(name));
                if (value is JsonElement element)
                    json.WriteRawValue(element.GetRawText());
                else
                    json.WriteRawValue(JsonSerializer.Serialize(value, AIJsonUtilities.DefaultOptions));
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
