using System.Net;
using System.Text.Json;

namespace OsMEN.Llm.Pipeline;

/// <summary>
/// Finds errors that providers send with the status 200: as the body, or as an event of a stream. OpenAI's form is <c>{"error":{"message","type","code"}}</c>
/// (https://platform.openai.com/docs/guides/error-codes), Anthropic's <c>{"type":"error","error":{"type","message"}}</c>
/// (https://docs.anthropic.com/en/api/errors), and OpenRouter's has the HTTP status as <c>code</c>.
/// </summary>
internal static class AnswerErrors
{
    /// <summary>The error that a line of a stream of events reports; null where it reports none.</summary>
    /// <param name="line">Without its line feed.</param>
    public static LlmException? FindInLine(ReadOnlySpan<byte> line, string? who) => IsData(line) ? Find(line[5..].TrimEnd((byte)'\r'), who) : null;

    /// <summary>Whether a line of a stream of events has data, and is not a name, a comment or the end of an event.</summary>
    public static bool IsData(ReadOnlySpan<byte> line) => line.StartsWith("data:"u8);

    /// <summary>The error of a body or an event; null where it is none.</summary>
    /// <param name="who">The provider's host, for the message.</param>
    public static LlmException? Find(ReadOnlySpan<byte> json, string? who)
    {
        // Answers are large and errors are rare: most need no more than this.
        if (json.IndexOf("\"error\""u8) < 0)
            return null;
        try
        {
            var reader = new Utf8JsonReader(json);
            using var document = JsonDocument.ParseValue(ref reader);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("error", out var error)
                && error.ValueKind is JsonValueKind.Object or JsonValueKind.String
                ? Create(error, who)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static LlmException Create(JsonElement error, string? who)
    {
        var (message, code, parameter) = ProviderRefusal.Describe(error);
        var type = error.ValueKind == JsonValueKind.Object && error.TryGetProperty("type", out var t) && t.ValueKind == JsonValueKind.String ? t.GetString() : null;
        var kind = KindOf(type) ?? KindOf(code) ?? StatusOf(error) ?? LlmErrorKind.Unavailable;
        return new LlmException(kind, kind == LlmErrorKind.Unauthorized ? $"{who} refused the key" : $"{who} reported an error: {message ?? type ?? code ?? "without a message"}")
        {
            Code = code ?? type,
            Parameter = parameter,
        };
    }

    private static LlmErrorKind? StatusOf(JsonElement error) =>
        error.ValueKind == JsonValueKind.Object && error.TryGetProperty("code", out var code) && code.ValueKind == JsonValueKind.Number && code.TryGetInt32(out var status) && status is >= 400 and < 600
            ? ProviderRefusal.KindOf((HttpStatusCode)status)
            : null;

    private static LlmErrorKind? KindOf(string? type) => type switch
    {
        "overloaded_error" or "rate_limit_error" or "rate_limit_exceeded" or "insufficient_quota" or "tokens" or "requests" or "engine_overloaded" => LlmErrorKind.RateLimited,
        "authentication_error" or "permission_error" or "invalid_api_key" or "billing_error" => LlmErrorKind.Unauthorized,
        "not_found_error" or "model_not_found" => LlmErrorKind.NotFound,
        "invalid_request_error" or "request_too_large" or "context_length_exceeded" => LlmErrorKind.BadRequest,
        "timeout_error" or "timeout" => LlmErrorKind.Timeout,
        "api_error" or "server_error" or "internal_error" or "internal_server_error" => LlmErrorKind.Unavailable,
        "content_filter" or "content_policy_violation" => LlmErrorKind.ContentFiltered,
        _ => null,
    };
}
