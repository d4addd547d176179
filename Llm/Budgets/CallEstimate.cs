using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OsMEN.Llm.Providers;

namespace OsMEN.Llm.Budgets;

/// <summary>
/// The most that a call can use and cost. Not what is likely: a budget holds only if no call costs more than was held for it. Text counts a
/// token for each byte of UTF-8, which no tokenizer exceeds.
/// </summary>
public static class CallEstimate
{
    // What providers put around messages and tools, generously: Anthropic documents up to 700 tokens for the use of tools at all.
    private const int MessageOverhead = 16;
    private const int ToolOverhead = 64;
    private const int ToolsOverhead = 1024;

    // An image or a file behind an address, whose size is not known here.
    private const int Reference = 50_000;

    /// <summary>Most tokens of a call; output is <paramref name="maxOutputTokens"/> where the options set none.</summary>
    public static TokenUsage Tokens(IEnumerable<ChatMessage> messages, ChatOptions? options, int maxOutputTokens)
    {
        ArgumentNullException.ThrowIfNull(messages);
        long input = MessageOverhead + Bytes(options?.Instructions);
        foreach (var message in messages)
        {
            input += MessageOverhead + Bytes(message.AuthorName);
            foreach (var content in message.Contents)
                input += MessageOverhead + Bytes(content);
        }

        if (options?.Tools is { Count: > 0 } tools)
        {
            input += ToolsOverhead;
            foreach (var tool in tools)
                input += ToolOverhead + Bytes(tool.Name) + Bytes(tool.Description) + (tool is AIFunctionDeclaration f ? Bytes(f.JsonSchema.GetRawText()) : 0);
        }

        if (ModelOptions.Of(options) is { } fields)
            input += ToolOverhead + Bytes(fields.GetRawText());
        if (options?.ResponseFormat is ChatResponseFormatJson { Schema: { } schema })
            input += ToolOverhead + Bytes(schema.GetRawText());
        return new TokenUsage(input, options?.MaxOutputTokens ?? maxOutputTokens);
    }

    /// <summary>Most dollars for so many tokens; null when the model has no price.</summary>
    /// <param name="hosted">See <see cref="LlmOptions.HostOf"/>.</param>
    public static decimal? Dollars(PriceTable prices, ModelName model, ModelName? hosted, TokenUsage most, DateTimeOffset at, ServiceTier tier = ServiceTier.Standard)
    {
        ArgumentNullException.ThrowIfNull(prices);
        return prices.FindForCall(model, answered: null, hosted, at)?.MostFor(most.Input, most.Output, tier);
    }

    /// <summary>The service tier that the options ask for.</summary>
    public static ServiceTier Tier(ChatOptions? options) => ModelOptions.Of(options) is { } fields ? ProviderUsage.ReadTier(fields) : ServiceTier.Standard;

    private static long Bytes(AIContent content) => content switch
    {
        TextContent text => Bytes(text.Text),
        TextReasoningContent thought => Bytes(thought.Text) + Bytes(thought.ProtectedData),
        FunctionCallContent call => Bytes(call.CallId) + Bytes(call.Name) + (call.Arguments is { } arguments ? Json(arguments) : 0),
        FunctionResultContent result => Bytes(result.CallId) + (result.Result is string text ? Bytes(text) : Json(result.Result)),
        DataContent data => data.Data.Length,
        UsageContent => 0,
        _ => Reference,
    };

    private static long Bytes(string? text) => text is null ? 0 : Encoding.UTF8.GetByteCount(text);

    // As the adapters write it.
    private static long Json(object? value) => value is null ? 0 : JsonSerializer.SerializeToUtf8Bytes(value, AIJsonUtilities.DefaultOptions).Length;
}
