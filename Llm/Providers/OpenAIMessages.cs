using System.ClientModel.Primitives;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Chat = OpenAI.Chat;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace OsMEN.Llm.Providers;

/// <summary>Between the messages of Microsoft.Extensions.AI and those of OpenAI's library.</summary>
internal static class OpenAIMessages
{
    public static IEnumerable<Chat.ChatMessage> From(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        if (options?.Instructions is { Length: > 0 } instructions)
            yield return new SystemChatMessage(instructions);
        foreach (var message in messages)
        {
            if (message.Role == ChatRole.System)
                yield return new SystemChatMessage(message.Text);
            else if (message.Role == ChatRole.Assistant)
                yield return FromAssistant(message);
            else if (message.Role == ChatRole.Tool)
            {
                foreach (var result in message.Contents.OfType<FunctionResultContent>())
                    yield return new ToolChatMessage(result.CallId, Text(result.Result));
            }
            else
                yield return new UserChatMessage(message.Text);
        }
    }

    public static ChatCompletionOptions From(ChatOptions? options)
    {
        var result = new ChatCompletionOptions();
        if (options is null)
            return result;
        result.Temperature = options.Temperature;
        result.TopP = options.TopP;
        result.MaxOutputTokenCount = options.MaxOutputTokens;
        result.FrequencyPenalty = options.FrequencyPenalty;
        result.PresencePenalty = options.PresencePenalty;
        foreach (var stop in options.StopSequences ?? [])
            result.StopSequences.Add(stop);
        foreach (var tool in (options.Tools ?? []).OfType<AIFunctionDeclaration>())
            result.Tools.Add(ChatTool.CreateFunctionTool(tool.Name, tool.Description, BinaryData.FromString(tool.JsonSchema.GetRawText())));
        if (options.ResponseFormat is ChatResponseFormatJson json)
        {
            result.ResponseFormat = json.Schema is { } schema
                ? Chat.ChatResponseFormat.CreateJsonSchemaFormat(json.SchemaName ?? "answer", BinaryData.FromString(schema.GetRawText()), json.SchemaDescription)
                : Chat.ChatResponseFormat.CreateJsonObjectFormat();
        }

        return result;
    }

    /// <summary>Arguments that are no JSON object are kept under the name <c>raw</c>, with the error that the tool loop shows to the model.</summary>
    public static FunctionCallContent ToCall(string id, string name, string arguments)
    {
        if (string.IsNullOrWhiteSpace(arguments))
            return new FunctionCallContent(id, name, new Dictionary<string, object?>(StringComparer.Ordinal));
        try
        {
            using var json = JsonDocument.Parse(arguments);
            return new FunctionCallContent(
                id, name, json.RootElement.EnumerateObject().ToDictionary(p => p.Name, p => (object?)p.Value.Clone(), StringComparer.Ordinal));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            return new FunctionCallContent(id, name, new Dictionary<string, object?>(StringComparer.Ordinal) { ["raw"] = arguments }) { Exception = e };
        }
    }

    /// <summary>By way of its JSON, which also holds what the library has no field for (DeepSeek's cache hits). Null when no count in it can be right.</summary>
    public static UsageDetails? ToUsage(ChatTokenUsage usage)
    {
        using var json = JsonDocument.Parse(((IPersistableModel<ChatTokenUsage>)usage).Write(ModelReaderWriterOptions.Json).ToMemory());
        return ProviderUsage.Read(json.RootElement) is { } tokens ? ProviderUsage.ToDetails(tokens) : null;
    }

    public static AdditionalPropertiesDictionary? Tier(ChatServiceTier? tier) =>
        tier is { } t && t.ToString() is not ("default" or "auto") ? new AdditionalPropertiesDictionary { [ServiceTiers.Property] = t.ToString() } : null;

    private static AssistantChatMessage FromAssistant(ChatMessage message)
    {
        var calls = message.Contents.OfType<FunctionCallContent>()
            .Select(c => ChatToolCall.CreateFunctionToolCall(c.CallId, c.Name, BinaryData.FromString(Arguments(c)))).ToArray();
        if (calls.Length == 0)
            return new AssistantChatMessage(message.Text);
        var result = new AssistantChatMessage(calls);
        if (message.Text.Length > 0)
            result.Content.Add(ChatMessageContentPart.CreateTextPart(message.Text));
        return result;
    }

    private static string Arguments(FunctionCallContent call) =>
        JsonSerializer.Serialize(call.Arguments ?? new Dictionary<string, object?>(StringComparer.Ordinal), AIJsonUtilities.DefaultOptions);

    private static string Text(object? result) => result switch
    {
        null => "",
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } element => element.GetString()!,
        _ => JsonSerializer.Serialize(result, AIJsonUtilities.DefaultOptions),
    };
}
