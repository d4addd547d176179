using System.Buffers;
using System.Text.Json;
using OsMEN.Gateway.Problems;

namespace OsMEN.Gateway.Executions;

/// <summary>Reads JSON bodies; what is none gets an answer that says where it breaks.</summary>
internal sealed class RequestBody(RequestLimits limits)
{
    private static readonly JsonDocumentOptions Grammar = new() { MaxDepth = 64 };

    // Of a name that is there twice, one reader takes the first value and another the last.
    private static readonly JsonDocumentOptions Options = Grammar with { AllowDuplicateProperties = false };

    /// <summary>The document, to be disposed, or the problem to answer with.</summary>
    public async ValueTask<(JsonDocument? Document, IResult? Problem)> ReadJsonAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var (body, problem) = await ReadBytesAsync(request, cancellationToken);
        if (problem is not null)
            return (null, problem);
        try
        {
            return (JsonDocument.Parse(body, Options), null);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return (null, Refuse(body));
        }
    }

    /// <summary>The body as it came, said to be JSON; or the problem to answer with.</summary>
    public async ValueTask<(ReadOnlyMemory<byte> Body, IResult? Problem)> ReadBytesAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (!request.HasJsonContentType())
            return (default, ProblemResponse.Create(StatusCodes.Status415UnsupportedMediaType, "The body must be JSON: Content-Type: application/json."));

        // The server reads on for a while, so that the client sees this answer instead of a broken connection.
        return !(request.ContentLength > limits.MaxBody) && await ReadAsync(request, cancellationToken) is { } body
            ? (body, null)
            : (default, ProblemResponse.Create(StatusCodes.Status413PayloadTooLarge, $"The body is larger than {limits.MaxBody} bytes."));
    }

    /// <summary>The whole body, or null when it is too large.</summary>
    private async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await request.BodyReader.ReadAsync(cancellationToken);
            if (read.Buffer.Length > limits.MaxBody)
                return null;
            if (read.IsCompleted)
            {
                var body = read.Buffer.ToArray();
                request.BodyReader.AdvanceTo(read.Buffer.End);
                return body;
            }

            request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static IResult Refuse(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, Grammar);
            var (field, message) = FindFault(document.RootElement);
            return ProblemResponse.Invalid(field, message);
        }
        catch (JsonException e)
        {
            return ProblemResponse.Invalid("", $"is not JSON (line {(e.LineNumber ?? 0) + 1}, byte {(e.BytePositionInLine ?? 0) + 1}): {Reason(e)}");
        }
    }

    // The field whose names the parser stumbled over: it unescapes them to compare them, and half of a surrogate pair is no character.
    private static (string Field, string Message) FindFault(JsonElement root)
    {
        const string twice = "is there twice", notUnicode = "has a name that is not valid Unicode";
        var names = new HashSet<string>(StringComparer.Ordinal);
        var at = "";
        try
        {
            foreach (var field in root.ValueKind == JsonValueKind.Object ? root.EnumerateObject() : default)
            {
                at = "";
                at = field.Name;
                if (!names.Add(at))
                    return (at, twice);
                using var value = JsonDocument.Parse(field.Value.GetRawText(), Options);
            }
        }
        catch (JsonException)
        {
            return (at, $"has a name that {twice}");
        }
        catch (InvalidOperationException)
        {
            return (at, notUnicode);
        }

        return ("", $"has a name that {twice}, or is not valid Unicode");
    }

    // The reader's sentence without its own repetition of the place.
    private static string Reason(JsonException e)
    {
        var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return end < 0 ? e.Message : e.Message[..end];
    }
}
