using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace OsMEN.LocalHosting.Otlp;

/// <summary>
/// Receives OTLP over HTTP and over gRPC, with the key that services are given.
/// https://opentelemetry.io/docs/specs/otlp/ and https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
/// </summary>
internal sealed class OtlpReceiver(TelemetryStore store, string apiKey)
{
    public const string KeyHeader = "x-otlp-api-key";

    /// <summary>What one request may hold, both as it comes and unpacked.</summary>
    public const int MaxBody = 8 * 1024 * 1024;

    private readonly byte[] _apiKey = Encoding.UTF8.GetBytes(apiKey);

    public void Map(IEndpointRouteBuilder routes)
    {
        foreach (var (signal, path, service) in ((OtlpSignal, string, string)[])
        [
            (OtlpSignal.Logs, "/v1/logs", "logs.v1.LogsService"),
            (OtlpSignal.Metrics, "/v1/metrics", "metrics.v1.MetricsService"),
            (OtlpSignal.Traces, "/v1/traces", "trace.v1.TraceService"),
        ])
        {
            routes.MapPost(path, context => ReceiveHttpAsync(context, signal));
            routes.MapPost($"/opentelemetry.proto.collector.{service}/Export", context => ReceiveGrpcAsync(context, signal));
        }
    }

    /// <summary>Whether a path is the receiver's, which has a key of its own.</summary>
    public static bool Owns(PathString path) => path.StartsWithSegments("/v1", StringComparison.Ordinal) || path.Value!.StartsWith("/opentelemetry.proto.collector.", StringComparison.Ordinal);

    private async Task ReceiveHttpAsync(HttpContext context, OtlpSignal signal)
    {
        var response = context.Response;
        if (!HasKey(context.Request))
        {
            response.StatusCode = StatusCodes.Status401Unauthorized;
        }
        else if (context.Request.ContentType?.StartsWith("application/x-protobuf", StringComparison.OrdinalIgnoreCase) != true)
        {
            response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
        }
        else
        {
            try
            {
                var body = await ReadAsync(Unpacked(context.Request.Body, context.Request.Headers.ContentEncoding), context.RequestAborted);
                store.Receive(signal, body);

                // An export response without fields has no bytes.
                response.ContentType = "application/x-protobuf";
            }
            catch (BadHttpRequestException refusal)
            {
                response.StatusCode = refusal.StatusCode;
            }
            catch (InvalidDataException)
            {
                response.StatusCode = StatusCodes.Status400BadRequest;
            }
        }
    }

    private async Task ReceiveGrpcAsync(HttpContext context, OtlpSignal signal)
    {
        var response = context.Response;
        response.ContentType = "application/grpc";
        var (status, message) = await ReceiveGrpcMessageAsync(context, signal);
        if (status == 0)
            await response.Body.WriteAsync(new byte[5], context.RequestAborted);
        else
            await response.StartAsync(context.RequestAborted);
        response.AppendTrailer("grpc-status", status.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (message is not null)
            response.AppendTrailer("grpc-message", message);
    }

    private async Task<(int Status, string? Message)> ReceiveGrpcMessageAsync(HttpContext context, OtlpSignal signal)
    {
        const int invalidArgument = 3, resourceExhausted = 8, unauthenticated = 16;
        if (!HasKey(context.Request))
            return (unauthenticated, $"{KeyHeader} is missing or wrong");
        try
        {
            // A message is preceded by one byte, 1 if it is compressed, and its length.
            var frame = await ReadAsync(context.Request.Body, context.RequestAborted);
            if (frame.Length < 5 || frame[0] > 1 || BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(1)) != frame.Length - 5)
                return (invalidArgument, "not one message");
            if (frame[0] == 0)
                store.Receive(signal, frame.AsSpan(5));
            else
                store.Receive(signal, await ReadAsync(Unpacked(new MemoryStream(frame, 5, frame.Length - 5), context.Request.Headers["grpc-encoding"]), context.RequestAborted));
            return (0, null);
        }
        catch (BadHttpRequestException refusal)
        {
            return (refusal.StatusCode == StatusCodes.Status413PayloadTooLarge ? resourceExhausted : invalidArgument, refusal.Message);
        }
        catch (InvalidDataException broken)
        {
            return (invalidArgument, broken.Message);
        }
    }

    private bool HasKey(HttpRequest request) =>
        request.Headers[KeyHeader] is [{ } key] && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(key), _apiKey);

    private static Stream Unpacked(Stream body, string? encoding) => encoding switch
    {
        null or "" or "identity" => body,
        "gzip" => new GZipStream(body, CompressionMode.Decompress),
        _ => throw new BadHttpRequestException("only gzip is unpacked", StatusCodes.Status415UnsupportedMediaType),
    };

    private static async Task<byte[]> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        using var all = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await body.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            if (all.Length + read > MaxBody)
                throw new BadHttpRequestException("more than 8 MB", StatusCodes.Status413PayloadTooLarge);
            all.Write(buffer, 0, read);
        }

        return all.ToArray();
    }
}
