using System.Text.Json;
using OsMEN.Gateway.Problems;

namespace OsMEN.Gateway.Executions;

/// <summary>Reads JSON bodies; what is none gets an answer that says where it breaks.</summary>
internal static class RequestBody
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 64 };

    /// <summary>The document, to be disposed, or the problem to answer with.</summary>
    public static async ValueTask<(JsonDocument? Document, IResult? Problem)> ReadJsonAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (!request.HasJsonContentType())
            return (null, ProblemResponse.Create(StatusCodes.Status415UnsupportedMediaType, "The body must be JSON: Content-Type: application/json."));
        try
        {
            return (await JsonDocument.ParseAsync(request.Body, Options, cancellationToken), null);
        }
        catch (JsonException e)
        {
            return (null, ProblemResponse.Invalid("", $"is not JSON (line {(e.LineNumber ?? 0) + 1}, byte {(e.BytePositionInLine ?? 0) + 1}): {Reason(e)}"));
        }
    }

    // The reader's sentence without its own repetition of the place.
    private static string Reason(JsonException e)
    {
        var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return end < 0 ? e.Message : e.Message[..end];
    }
}
