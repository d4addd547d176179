using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OsMEN.Llm;

namespace OsMEN.Gateway.OpenAI;

/// <summary>Writes chat completions, and chunks of them, in OpenAI's wire format.</summary>
/// <param name="model">As the client named it.</param>
internal sealed class CompletionWriter(string id, DateTimeOffset created, string model, bool includeUsage)
{
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonSerializerOptions Arguments = new(AIJsonUtilities.DefaultOptions) { WriteIndented = false, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string NewId(Guid id) => $"chatcmpl-{id:N}";

    /// <summary>A whole answer.</summary>
    public void Whole(IBufferWriter<byte> body, string? text, IReadOnlyList<FunctionCallContent> calls, string finishReason, TokenUsage usage)
    {
        using var writer = new Utf8JsonWriter(body, Writing);
        Start(writer, "chat.completion");
        writer.WriteStartArray("choices"u8);
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, 0);
        writer.WriteStartObject("message"u8);
        writer.WriteString("role"u8, "assistant"u8);
        writer.WriteString("content"u8, text is { Length: > 0 } || calls.Count == 0 ? text ?? "" : null);
        writer.WriteNull("refusal"u8);
        if (calls.Count > 0)
            Calls(writer, calls, 0, indexed: false);
        writer.WriteEndObject();
        writer.WriteNull("logprobs"u8);
        writer.WriteString("finish_reason"u8, finishReason);
        writer.WriteEndObject();
        writer.WriteEndArray();
        Usage(writer, usage);
        writer.WriteEndObject();
    }

    /// <summary>The first chunk: who speaks.</summary>
    public void Role(IBufferWriter<byte> body) => Chunk(body, null, static delta =>
    {
        delta.WriteString("role"u8, "assistant"u8);
        delta.WriteString("content"u8, ""u8);
    });

    public void Text(IBufferWriter<byte> body, string text) => Chunk(body, null, delta => delta.WriteString("content"u8, text));

    /// <param name="first">Number of the first of these calls in the answer.</param>
    public void ToolCalls(IBufferWriter<byte> body, IReadOnlyList<FunctionCallContent> calls, int first) => Chunk(body, null, delta => Calls(delta, calls, first, indexed: true));

    public void Finish(IBufferWriter<byte> body, string reason) => Chunk(body, reason, static _ => { });

    /// <summary>The end of a stream: the usage where it was asked for, and <c>[DONE]</c>.</summary>
    public void End(IBufferWriter<byte> body, TokenUsage usage)
    {
        if (includeUsage)
        {
            body.Write("data: "u8);
            using (var writer = new Utf8JsonWriter(body, Writing))
            {
                Start(writer, "chat.completion.chunk");
                writer.WriteStartArray("choices"u8);
                writer.WriteEndArray();
                Usage(writer, usage);
                writer.WriteEndObject();
            }

            body.Write("\n\n"u8);
        }

        body.Write("data: [DONE]\n\n"u8);
    }

    public static string ReasonOf(ChatFinishReason? reason) =>
        reason == ChatFinishReason.Length ? "length"
        : reason == ChatFinishReason.ToolCalls ? "tool_calls"
        : reason == ChatFinishReason.ContentFilter ? "content_filter"
        : "stop";

    private static void Calls(Utf8JsonWriter writer, IReadOnlyList<FunctionCallContent> calls, int first, bool indexed)
    {
        writer.WriteStartArray("tool_calls"u8);
        for (var i = 0; i < calls.Count; i++)
        {
            writer.WriteStartObject();
            if (indexed)
                writer.WriteNumber("index"u8, first + i);
            writer.WriteString("id"u8, calls[i].CallId);
            writer.WriteString("type"u8, "function"u8);
            writer.WriteStartObject("function"u8);
            writer.WriteString("name"u8, calls[i].Name);
            writer.WriteString("arguments"u8, JsonSerializer.Serialize(calls[i].Arguments ?? new Dictionary<string, object?>(StringComparer.Ordinal), Arguments));
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void Usage(Utf8JsonWriter writer, TokenUsage usage)
    {
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("prompt_tokens"u8, usage.Input);
        writer.WriteNumber("completion_tokens"u8, usage.Output);
        writer.WriteNumber("total_tokens"u8, usage.Total);
        writer.WriteStartObject("prompt_tokens_details"u8);
        writer.WriteNumber("cached_tokens"u8, usage.CachedInput);
        writer.WriteEndObject();
        writer.WriteStartObject("completion_tokens_details"u8);
        writer.WriteNumber("reasoning_tokens"u8, usage.Reasoning);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void Chunk(IBufferWriter<byte> body, string? reason, Action<Utf8JsonWriter> write)
    {
        body.Write("data: "u8);
        using (var writer = new Utf8JsonWriter(body, Writing))
        {
            Start(writer, "chat.completion.chunk");
            writer.WriteStartArray("choices"u8);
            writer.WriteStartObject();
            writer.WriteNumber("index"u8, 0);
            writer.WriteStartObject("delta"u8);
            write(writer);
            writer.WriteEndObject();
            writer.WriteNull("logprobs"u8);
            writer.WriteString("finish_reason"u8, reason);
            writer.WriteEndObject();
            writer.WriteEndArray();
            if (includeUsage)
                writer.WriteNull("usage"u8);
            writer.WriteEndObject();
        }

        body.Write("\n\n"u8);
    }

    private void Start(Utf8JsonWriter writer, string type)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, id);
        writer.WriteString("object"u8, type);
        writer.WriteNumber("created"u8, created.ToUnixTimeSeconds());
        writer.WriteString("model"u8, model);
    }
}
