using System.Text.Json;
using Anthropic.Models.Messages;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Providers;

/// <summary>Marks where Anthropic's prompt cache may keep a request (https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching).</summary>
public static class PromptCache
{
    /// <summary>Sets <c>cache_control</c> on a part of a message. Other providers ignore it.</summary>
    /// <param name="control"><c>{"type":"ephemeral"}</c>, with <c>"ttl":"1h"</c> for an hour.</param>
    /// <exception cref="FormatException">It is something else.</exception>
    public static void Set(AIContent content, JsonElement control)
    {
        var ttl = control.TryGetProperty("ttl", out var kept) ? kept.GetString() : null;
        if (!control.TryGetProperty("type", out var type) || !type.ValueEquals("ephemeral") || ttl is not (null or "5m" or "1h"))
            throw new FormatException("cache_control must be {\"type\":\"ephemeral\"}, with a ttl of 5m or 1h.");
        content.WithCacheControl(ttl == "1h" ? Ttl.Ttl1h : ttl is null ? null : (Ttl?)Ttl.Ttl5m);
    }
}
