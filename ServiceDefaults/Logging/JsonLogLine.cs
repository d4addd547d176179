using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.ServiceDefaults.Logging;

/// <summary>Writes a log entry as one JSON object with the contract's fields; what does not apply is absent, secrets are blanked.</summary>
internal sealed class JsonLogLine(ServiceIdentity service, TimeProvider time)
{
    private const int LongestText = 32_768;
    private const int Margin = 2048;

    private static readonly JsonWriterOptions Format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    [ThreadStatic]
    private static Buffers? t_buffers;

    /// <summary>The line in UTF-8 without its end; it lives until the next call on this thread. Empty when there is nothing to say.</summary>
    public ReadOnlySpan<byte> Write<TState>(in LogEntry<TState> entry, IExternalScopeProvider? scopes)
    {
        var message = entry.Formatter?.Invoke(entry.State, entry.Exception);
        if ((message is null && entry.Exception is null) || StartupErrors.IsRepeatedBy(entry)) return default;

        var (bytes, json, fields) = t_buffers ??= new();
        bytes.ResetWrittenCount();
        json.Reset(bytes);
        fields.Collect(entry, scopes);

        json.WriteStartObject();
        json.WriteString("timestamp"u8, time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture));
        json.WriteString("level"u8, LogOptions.NameOf(entry.LogLevel));
        json.WriteString("service"u8, service.Name);
        json.WriteString("logger"u8, entry.Category);
        WriteText(json, "message", message ?? "");
        for (var i = 0; i < LogFields.Names.Length; i++)
            if (fields[i] is { } value) WriteValue(json, LogFields.Names[i], value);
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity)
        {
            json.WriteString("trace_id"u8, activity.TraceId.ToHexString());
            json.WriteString("span_id"u8, activity.SpanId.ToHexString());
        }
        else if (fields.TraceId is { } traceId)
        {
            json.WriteString("trace_id"u8, traceId);
        }
        json.WriteNumber("process_id"u8, Environment.ProcessId);
        json.WriteNumber("thread_id"u8, Environment.CurrentManagedThreadId);
        if (entry.Exception is { } exception)
        {
            json.WriteStartObject("exception"u8);
            json.WriteString("type"u8, exception.GetType().FullName);
            WriteText(json, "message", exception.Message);
            WriteText(json, "stack", exception.ToString());
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenSpan;
    }

    private static void WriteValue(Utf8JsonWriter json, string name, object value)
    {
        switch (value)
        {
            case int number: json.WriteNumber(name, number); break;
            case long number: json.WriteNumber(name, number); break;
            case decimal number: json.WriteNumber(name, number); break;
            case double number when double.IsFinite(number): json.WriteNumber(name, number); break;
            case float number when float.IsFinite(number): json.WriteNumber(name, number); break;
            case bool flag: json.WriteBoolean(name, flag); break;
            case TimeSpan duration: json.WriteNumber(name, duration.TotalMilliseconds); break;
            default: WriteText(json, name, Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""); break;
        }
    }

    private static void WriteText(Utf8JsonWriter json, string name, string text)
    {
        // Cut with a margin first, so that a huge text is not searched and a secret is not cut in two.
        if (text.Length > LongestText + Margin) text = text[..(LongestText + Margin)];
        text = SecretRedactor.Redact(text);
        json.WriteString(name, text.Length <= LongestText ? text : string.Concat(text.AsSpan(0, LongestText), "…"));
    }

    private sealed record Buffers(ArrayBufferWriter<byte> Bytes, Utf8JsonWriter Json, LogFields Fields)
    {
        public Buffers() : this(new(1024), new(Stream.Null, Format), new())
        {
        }
    }
}
