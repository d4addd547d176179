using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace OsMEN.Executions;

/// <summary>
/// Writes events as the JSON frames of the live streams. A frame is made once, where the event happens, and stored,
/// published and sent as it is; it never holds a line break.
/// </summary>
internal static class EventFrames
{
    private static readonly string[] Levels = ["debug", "info", "warning", "error"];

    // Frames go over sockets, never into HTML: other scripts' letters stay as they are.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? s_buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? s_writer;

    public static string Status(Guid id, long seq, ExecutionStatus status, DateTimeOffset time) =>
        Write(id, seq, new ExecutionEvent.StatusChanged(status), time);

    public static string Write(Guid id, long seq, ExecutionEvent item, DateTimeOffset time)
    {
        var buffer = s_buffer ??= new ArrayBufferWriter<byte>(1024);
        buffer.ResetWrittenCount();
        var writer = s_writer ??= new Utf8JsonWriter(buffer, Options);
        writer.Reset(buffer);
        writer.WriteStartObject();
        writer.WriteString("type"u8, TypeOf(item));
        writer.WriteString("executionId"u8, id);
        writer.WriteNumber("seq"u8, seq);
        writer.WriteStartObject("data"u8);
        WriteData(writer, item);
        writer.WriteEndObject();
        writer.WriteNumber("timestamp"u8, time.ToUnixTimeMilliseconds());
        writer.WriteEndObject();
        writer.Flush();
        var frame = Encoding.UTF8.GetString(buffer.WrittenSpan);

        // One huge output must not pin its buffer to the thread.
        if (buffer.Capacity > 256 * 1024)
            (s_buffer, s_writer) = (null, null);
        return frame;
    }

    private static ReadOnlySpan<byte> TypeOf(ExecutionEvent item) => item switch
    {
        ExecutionEvent.Log => "log"u8,
        ExecutionEvent.StatusChanged => "status"u8,
        ExecutionEvent.Metrics => "metrics"u8,
        _ => "output"u8,
    };

    private static void WriteData(Utf8JsonWriter writer, ExecutionEvent item)
    {
        switch (item)
        {
            case ExecutionEvent.Log log:
                writer.WriteString("log"u8, log.Text);
                writer.WriteString("level"u8, Levels[(int)log.Level]);
                break;
            case ExecutionEvent.StatusChanged status:
                writer.WriteString("status"u8, status.Status.ToWire());
                if (status.Output is not null)
                    WriteOutput(writer, status.Output);
                if (status.Error is { } error)
                {
                    writer.WriteStartObject("error"u8);
                    writer.WriteString("type"u8, error.Type);
                    writer.WriteString("message"u8, error.Message);
                    writer.WriteEndObject();
                }

                break;
            case ExecutionEvent.Metrics metrics:
                if (metrics.MemoryBytes is { } memory)
                    writer.WriteNumber("memoryUsage"u8, memory);
                if (metrics.CpuPercent is { } cpu)
                    writer.WriteNumber("cpuUsage"u8, Math.Round(cpu, 1));
                writer.WriteNumber("duration"u8, Math.Round(metrics.Duration.TotalMilliseconds, 3));
                writer.WriteNumber("inputTokens"u8, metrics.InputTokens);
                writer.WriteNumber("outputTokens"u8, metrics.OutputTokens);
                writer.WriteNumber("costUsd"u8, metrics.CostUsd);
                break;
            case ExecutionEvent.OutputDelta delta:
                writer.WriteString("delta"u8, delta.Delta);
                break;
        }
    }

    // Output is JSON text that may be indented: written anew, since a frame is one line.
    private static void WriteOutput(Utf8JsonWriter writer, string output)
    {
        writer.WritePropertyName("output"u8);
        if (output.AsSpan().IndexOfAny('\n', '\r') < 0)
        {
            writer.WriteRawValue(output);
            return;
        }

        using var document = JsonDocument.Parse(output);
        document.RootElement.WriteTo(writer);
    }
}
