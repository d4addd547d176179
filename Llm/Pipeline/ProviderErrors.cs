using System.Net;
using System.Text.Json;

namespace OsMEN.Llm.Pipeline;

/// <summary>
/// Turns a provider's HTTP error into an <see cref="LlmException"/> before a client library sees it: the libraries each have
/// exceptions of their own, and drop <c>Retry-After</c>.
/// </summary>
internal sealed class ProviderErrors(TimeProvider time) : DelegatingHandler
{
    private const int MaxBody = 16 * 1024;
    private const int MaxMessage = 500;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            response = await base.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw new LlmException(LlmErrorKind.Unavailable, $"{request.RequestUri?.Authority} could not be reached: {e.HttpRequestError}.", e);
        }

        if (response.IsSuccessStatusCode && IsOfModel(response))
        {
            if (ProviderCall.Current is { } call)
                call.IsAccepted = true;
            return response;
        }

        using (response)
        {
            if (response.IsSuccessStatusCode)
                throw new LlmException(LlmErrorKind.Unavailable, $"{request.RequestUri?.Authority} answered {MediaType(response)}, which no model speaks: is it the right address?");
            var status = response.StatusCode;
            var message = await ReadMessageAsync(response, cancellationToken);
            throw new LlmException(KindOf(status), $"{request.RequestUri?.Authority} answered {(int)status}{(message is null ? "" : ": " + message)}")
            {
                RetryAfter = RetryAfter(response),
            };
        }
    }

    // A proxy's or a portal's page comes as 200 too. Some servers name no type.
    internal static bool IsOfModel(HttpResponseMessage response) =>
        response.Content.Headers.ContentType?.MediaType is not { } type ||
        type.EndsWith("json", StringComparison.OrdinalIgnoreCase) || type.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase) ||
        type.Equals("application/octet-stream", StringComparison.OrdinalIgnoreCase);

    private static string MediaType(HttpResponseMessage response) =>
        response.Content.Headers.ContentType?.MediaType is { Length: <= 100 } type ? type : "a type";

    internal static LlmErrorKind KindOf(HttpStatusCode status) => (int)status switch
    {
        401 or 403 => LlmErrorKind.Unauthorized,
        408 => LlmErrorKind.Timeout,

        // 529 is Anthropic's "overloaded".
        429 or 529 => LlmErrorKind.RateLimited,
        >= 500 or 409 => LlmErrorKind.Unavailable,
        _ => LlmErrorKind.BadRequest,
    };

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - time.GetUtcNow() is { Ticks: > 0 } left ? left : TimeSpan.Zero,
        _ => null,
    };

    // {"error":{"message":…}} at OpenAI and Anthropic alike. A refused key is quoted by some providers: not repeated.
    private static async Task<string?> ReadMessageAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            return "the key was refused";
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            var buffer = new byte[MaxBody];
            var length = await body.ReadAtLeastAsync(buffer, MaxBody, throwOnEndOfStream: false, cancellationToken);
            using var json = JsonDocument.Parse(buffer.AsMemory(0, length));
            var root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("error", out var error))
                return null;
            var text = error.ValueKind == JsonValueKind.String ? error.GetString()
                : error.ValueKind == JsonValueKind.Object && error.TryGetProperty("message", out var m) && m.ValueKind == JsonValueKind.String ? m.GetString()
                : null;
            return text?.ReplaceLineEndings(" ") is { } line ? line[..Math.Min(line.Length, MaxMessage)] : null;
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            return null;
        }
    }
}
