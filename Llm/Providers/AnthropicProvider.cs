using Anthropic;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Providers;

/// <summary>Anthropic's messages over its own library, which is an <see cref="IChatClient"/> already.</summary>
internal static class AnthropicProvider
{
    public static IChatClient Create(LlmOptions options, HttpClient http) =>
        new AnthropicChatClient(new AnthropicClient
        {
            HttpClient = http,
            BaseUrl = options.AnthropicAddress.ToString().TrimEnd('/'),
            ApiKey = options.AnthropicKey,
            MaxRetries = 0,
            Timeout = TimeSpan.FromDays(1),
        }.AsIChatClient(defaultMaxOutputTokens: AnthropicBody.DefaultMaxOutputTokens));
}
