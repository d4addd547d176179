using System.Net;
using System.Text.Json;

namespace OsMEN.Llm.Pipeline;

/// <summary>Reads why a provider refused a request, and how long it wants to be left alone.</summary>
internal static class ProviderRefusal
{
    private const int MaxBody = 16 * 1024;
    private const int MaxText = 500;

    public static async Task<LlmException> ReadAsync(HttpResponseMessage response, TimeProvider time, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        var who = response.RequestMessage?.RequestUri?.Authority;
        var (message, code, parameter) = await ReadErrorAsync(response, cancellationToken);
        var wait = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - time.GetUtcNow() is { Ticks: > 0 } left ? left : TimeSpan.Zero,
            _ => (TimeSpan?)null,
        };
        return new LlmException(KindOf(response.StatusCode), $"{who} answered {status}{(message is null ? "" : ": " + message)}")
        {
            RetryAfter = wait,
            Code = code,
            Parameter = parameter,
        };
    }

    public static LlmErrorKind KindOf(HttpStatusCode status) => (int)status switch
    {
        401 or 403 => LlmErrorKind.Unauthorized,
        404 => LlmErrorKind.NotFound,
        408 => LlmErrorKind.Timeout,

        // 529 is Anthropic's "overloaded".
        429 or 529 => LlmErrorKind.RateLimited,
        >= 500 or 409 => LlmErrorKind.Unavailable,
        _ => LlmErrorKind.BadRequest,
    };

    // {"error":{"message","code","param"}}. A refused key is quoted by some providers: not repeated.
    private static async Task<(string? Message, string? Code, string? Parameter)> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            return ("the key was refused", null, null);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            var buffer = new byte[MaxBody];
            var length = await body.ReadAtLeastAsync(buffer, MaxBody, throwOnEndOfStream: false, cancellationToken);
            using var json = JsonDocument.Parse(buffer.AsMemory(0, length));
            var root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("error", out var error))
                return default;
            return Describe(error);
        }
        catch (Exception e) when (e is JsonException or IOException or InvalidOperationException)
        {
            return default;
        }
    }

    /// <summary>The message, code and parameter of an <c>error</c>, an object or a string; each may be missing.</summary>
    public static (string? Message, string? Code, string? Parameter) Describe(JsonElement error) =>
        error.ValueKind == JsonValueKind.String ? (Line(error), null, null) : (Text(error, "message"), Text(error, "code"), Text(error, "param"));

    private static string? Text(JsonElement error, string name) => error.ValueKind == JsonValueKind.Object && error.TryGetProperty(name, out var value) ? Line(value) : null;

    private static string? Line(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && value.GetString()!.ReplaceLineEndings(" ") is var line ? line[..Math.Min(line.Length, MaxText)] : null;
}
