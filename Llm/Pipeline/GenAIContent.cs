using System.Diagnostics;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Pipeline;

/// <summary>
/// Records the content of a request and its answer on a span, for <c>chat</c> and <c>invoke_agent</c> alike. Call it only where
/// <see cref="LlmOptions.CapturesContent"/> is true.
/// </summary>
public static class GenAIContent
{
    /// <summary>
    /// Sets <c>gen_ai.system_instructions</c>, <c>gen_ai.input.messages</c> and <c>gen_ai.tool.definitions</c>, each where there is
    /// something to record. Secrets are redacted; each attribute has at most 32,768 characters of text.
    /// </summary>
    public static void SetRequest(Activity span, string? instructions, IEnumerable<ChatMessage> messages, IEnumerable<AITool>? tools = null)
    {
        ArgumentNullException.ThrowIfNull(span);
        if (instructions is { Length: > 0 })
            span.SetTag("gen_ai.system_instructions", MessageContent.Instructions(instructions));
        span.SetTag("gen_ai.input.messages", MessageContent.Input(messages));
        if (tools is not null)
            SetTools(span, tools);
    }

    /// <summary>
    /// Sets <c>gen_ai.tool.definitions</c> to the names, descriptions and parameters of the tools. Sets nothing where there are none.
    /// </summary>
    public static void SetTools(Activity span, IEnumerable<AITool> tools)
    {
        ArgumentNullException.ThrowIfNull(span);
        if (tools.Any())
            span.SetTag("gen_ai.tool.definitions", MessageContent.Tools(tools));
    }

    /// <summary>Sets <c>gen_ai.output.messages</c> to one text, with the finish reason <c>stop</c>.</summary>
    public static void SetAnswer(Activity span, string text)
    {
        ArgumentNullException.ThrowIfNull(span);
        span.SetTag("gen_ai.output.messages", MessageContent.Output([new TextContent(text)], ChatFinishReason.Stop));
    }
}
