using System.Globalization;
using System.Text.Json;
using OsMEN.Executions;

namespace OsMEN.Gateway.Streams;

/// <summary>The frames that the gateway adds to those that were recorded, which pass through as they are.</summary>
internal static class StreamFrames
{
    public static string Gap(Guid id, long from, long to, DateTimeOffset now) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"type":"gap","executionId":"{{id}}","data":{"from":{{from}},"to":{{to}}},"timestamp":{{now.ToUnixTimeMilliseconds()}}}""");

    /// <param name="executionId">As the client wrote it; null when the error is not about one.</param>
    public static string Error(string? executionId, string message, DateTimeOffset now) => string.Create(
        CultureInfo.InvariantCulture,
        $$$"""{"type":"error",{{{Id(executionId)}}}"data":{"message":{{{Text(message)}}}},"timestamp":{{{now.ToUnixTimeMilliseconds()}}}}""");

    public static string Control(string type, string? executionId, DateTimeOffset now) => string.Create(
        CultureInfo.InvariantCulture, $$"""{"type":"{{type}}",{{Id(executionId)}}"timestamp":{{now.ToUnixTimeMilliseconds()}}}""");

    /// <summary>Type of a recorded frame, which starts with it.</summary>
    public static ReadOnlySpan<char> TypeOf(string frame)
    {
        const int start = 9; // {"type":"
        var rest = frame.AsSpan(start);
        return rest[..rest.IndexOf('"')];
    }

    /// <summary>What was trimmed before a page, or null.</summary>
    public static string? GapBefore(EventPage page, long next, Guid id, DateTimeOffset now) =>
        page.Frames.Count > 0 && page.FirstSeq > next ? Gap(id, next, page.FirstSeq - 1, now) : null;

    private static string Id(string? executionId) => executionId is null ? "" : $"\"executionId\":{Text(executionId)},";

    private static string Text(string text) => JsonSerializer.Serialize(text, GatewayJsonContext.Default.String);
}
