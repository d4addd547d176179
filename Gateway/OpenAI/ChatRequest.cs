using System.Text.Json;
using Microsoft.Extensions.AI;
using OsMEN.Llm;
using OsMEN.Llm.Providers;

namespace OsMEN.Gateway.OpenAI;

/// <summary>A chat request in OpenAI's wire format, for models whose platform speaks another: what it says, in the library's types.</summary>
/// <param name="Messages">In order.</param>
/// <param name="Options">Parameters and tools.</param>
internal sealed record ChatRequest(IReadOnlyList<ChatMessage> Messages, ChatOptions Options)
{
    /// <exception cref="ChatRequestException">A field cannot be used.</exception>
    public static ChatRequest Read(JsonElement body, ModelName model)
    {
        try
        {
            var request = new ChatRequest([.. ReadMessages(body)], ReadOptions(body));
            if (model.Platform == Platforms.Offline && body.TryGetProperty("n", out var n) && n.ValueKind != JsonValueKind.Null && n.GetRawText() != "1")
                throw new ChatRequestException("n", "can only be 1 for the offline model");
            if (model.Platform == Platforms.Anthropic)
                AnthropicFields.Apply(body, request.Options, model.Model);
            return request;
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or KeyNotFoundException or ArgumentException)
        {
            throw new ChatRequestException("", "is no chat request: a field has the wrong type");
        }
    }

    /// <summary>Messages of a body, which an agent can be given too.</summary>
    public static IEnumerable<ChatMessage> ReadMessages(JsonElement body)
    {
        if (!body.TryGetProperty("messages", out var messages) || messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
            throw new ChatRequestException("messages", "must be a list of at least one message");
        var i = 0;

        // The results of parallel tool calls are messages of their own at OpenAI, and parts of one message elsewhere.
        ChatMessage? results = null;
        foreach (var message in messages.EnumerateArray())
        {
            var place = $"messages[{i++}]";
            if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty("role", out var role) || role.ValueKind != JsonValueKind.String)
                throw new ChatRequestException(place, "must be an object with a role");
            var content = message.TryGetProperty("content", out var c) ? c : default;
            if (role.GetString() == "tool")
            {
                results ??= new ChatMessage(ChatRole.Tool, []);
                results.Contents.Add(new FunctionResultContent(message.GetProperty("tool_call_id").GetString()!, TextOf(content, place)));
                continue;
            }

            if (results is not null)
            {
                yield return results;
                results = null;
            }

            yield return role.GetString() switch
            {
                "system" or "developer" => new ChatMessage(ChatRole.System, ReadContent(content, place)),
                "user" => new ChatMessage(ChatRole.User, ReadContent(content, place)),
                "assistant" => new ChatMessage(ChatRole.Assistant, [.. ReadContent(content, place), .. ReadCalls(message)]),
                _ => throw new ChatRequestException($"{place}.role", "must be system, developer, user, assistant or tool"),
            };
        }

        if (results is not null)
            yield return results;
    }

    private static List<AIContent> ReadContent(JsonElement content, string place) => content.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => [],
        JsonValueKind.String => [new TextContent(content.GetString())],
        JsonValueKind.Array => [.. content.EnumerateArray().Select(part => ReadPart(part, place))],
        _ => throw new ChatRequestException($"{place}.content", "must be a text or a list of parts"),
    };

    private static AIContent ReadPart(JsonElement part, string place)
    {
        switch (part.GetProperty("type").GetString())
        {
            case "text":
                return WithCache(new TextContent(part.GetProperty("text").GetString()), part);
            case "image_url":
                var image = part.GetProperty("image_url");
                var url = image.GetProperty("url").GetString()!;
                AIContent content = url.StartsWith("data:", StringComparison.Ordinal) ? new DataContent(url) : new UriContent(new Uri(url), "image/*");
                if (image.TryGetProperty("detail", out var detail) && detail.ValueKind == JsonValueKind.String)
                    content.AdditionalProperties = new() { ["detail"] = detail.GetString() };
                return WithCache(content, part);
            default:
                throw new ChatRequestException($"{place}.content", "has a part that is not possible for models of this platform: text and image_url are");
        }
    }

    private static AIContent WithCache(AIContent content, JsonElement part)
    {
        if (part.TryGetProperty("cache_control", out var cache) && cache.ValueKind == JsonValueKind.Object)
            PromptCache.Set(content, cache);
        return content;
    }

    private static string TextOf(JsonElement content, string place) => string.Concat(ReadContent(content, place).OfType<TextContent>().Select(t => t.Text));

    private static IEnumerable<FunctionCallContent> ReadCalls(JsonElement message)
    {
        if (!message.TryGetProperty("tool_calls", out var calls) || calls.ValueKind != JsonValueKind.Array)
            return [];
        return calls.EnumerateArray().Select(call =>
        {
            var function = call.GetProperty("function");
            return new FunctionCallContent(call.GetProperty("id").GetString()!, function.GetProperty("name").GetString()!, Arguments(function.GetProperty("arguments").GetString()!));
        });
    }

    private static Dictionary<string, object?> Arguments(string json)
    {
        if (string.IsNullOrWhiteSpace(json))
            return new(StringComparer.Ordinal);
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.EnumerateObject().ToDictionary(p => p.Name, p => (object?)p.Value.Clone(), StringComparer.Ordinal);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new ChatRequestException("messages", "have a tool call whose arguments are no JSON object");
        }
    }

    private static ChatOptions ReadOptions(JsonElement body)
    {
        var options = new ChatOptions
        {
            Temperature = Number(body, "temperature"),
            TopP = Number(body, "top_p"),
            FrequencyPenalty = Number(body, "frequency_penalty"),
            PresencePenalty = Number(body, "presence_penalty"),
            MaxOutputTokens = (int?)(Number(body, "max_completion_tokens") ?? Number(body, "max_tokens")),
            Seed = body.TryGetProperty("seed", out var seed) && seed.ValueKind == JsonValueKind.Number ? seed.GetInt64() : null,
            ResponseFormat = Format(body),
            AllowMultipleToolCalls = body.TryGetProperty("parallel_tool_calls", out var many) && many.ValueKind is JsonValueKind.True or JsonValueKind.False ? many.GetBoolean() : null,
        };
        if (body.TryGetProperty("stop", out var stop) && stop.ValueKind is not JsonValueKind.Null)
            options.StopSequences = stop.ValueKind == JsonValueKind.Array ? [.. stop.EnumerateArray().Select(s => s.GetString()!)] : [stop.GetString()!];
        if (body.TryGetProperty("tools", out var tools) && tools.ValueKind == JsonValueKind.Array)
            options.Tools = [.. tools.EnumerateArray().Select(Tool)];
        if (options.Tools is { Count: > 0 } && body.TryGetProperty("tool_choice", out var choice) && choice.ValueKind != JsonValueKind.Null)
            options.ToolMode = Mode(choice);
        return options;
    }

    private static float? Number(JsonElement body, string name)
    {
        if (!body.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return value.ValueKind == JsonValueKind.Number ? value.GetSingle() : throw new ChatRequestException(name, "must be a number");
    }

    private static AITool Tool(JsonElement tool)
    {
        if (tool.GetProperty("type").GetString() != "function")
            throw new ChatRequestException("tools", "can only be functions for models of this platform");
        var function = tool.GetProperty("function");
        var schema = function.TryGetProperty("parameters", out var parameters) ? parameters.Clone() : JsonElement.Parse("""{"type":"object","properties":{}}""");
        var declaration = AIFunctionFactory.CreateDeclaration(
            function.GetProperty("name").GetString()!, function.TryGetProperty("description", out var description) ? description.GetString() : null, schema);
        return function.TryGetProperty("strict", out var strict) && strict.ValueKind == JsonValueKind.True ? new StrictTool(declaration) : declaration;
    }

    private static ChatToolMode Mode(JsonElement choice) => choice.ValueKind == JsonValueKind.Object
        ? ChatToolMode.RequireSpecific(choice.GetProperty("function").GetProperty("name").GetString()!)
        : choice.GetString() switch
        {
            "auto" => ChatToolMode.Auto,
            "none" => ChatToolMode.None,
            "required" => ChatToolMode.RequireAny,
            _ => throw new ChatRequestException("tool_choice", "must be auto, none, required or one function"),
        };

    private static ChatResponseFormat? Format(JsonElement body)
    {
        if (!body.TryGetProperty("response_format", out var format) || format.ValueKind == JsonValueKind.Null)
            return null;
        switch (format.GetProperty("type").GetString())
        {
            case "text":
                return ChatResponseFormat.Text;
            case "json_object":
                return ChatResponseFormat.Json;
            case "json_schema":
                var schema = format.GetProperty("json_schema");
                return ChatResponseFormat.ForJsonSchema(
                    schema.GetProperty("schema").Clone(), schema.GetProperty("name").GetString(), schema.TryGetProperty("description", out var text) ? text.GetString() : null);
            default:
                throw new ChatRequestException("response_format", "must be text, json_object or json_schema");
        }
    }
}

/// <summary>A field of a chat request that cannot be used.</summary>
internal sealed class ChatRequestException(string place, string message) : Exception(message)
{
    public string Field => place;
}
