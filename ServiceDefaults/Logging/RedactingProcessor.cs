using OpenTelemetry;
using OpenTelemetry.Logs;

namespace OsMEN.ServiceDefaults.Logging;

/// <summary>Blanks secrets in what goes out over OTLP, and names its fields, as the console and the file do.</summary>
internal sealed class RedactingProcessor : BaseProcessor<LogRecord>
{
    public override void OnEnd(LogRecord data)
    {
        if (data.FormattedMessage is { } message) data.FormattedMessage = SecretRedactor.Redact(message);
        if (data.Body is { } body) data.Body = SecretRedactor.Redact(body);
        if (data.Attributes is null && data.Exception is null) return;

        var attributes = new List<KeyValuePair<string, object?>>((data.Attributes?.Count ?? 0) + 3);
        foreach (var attribute in data.Attributes ?? [])
            attributes.Add(new(LogFields.NameOf(attribute.Key), attribute.Value is string text ? SecretRedactor.Redact(text) : attribute.Value));
        if (data.Exception is { } exception)
        {
            // The exporter would write the exception as it is.
            attributes.Add(new("exception.type", exception.GetType().FullName));
            attributes.Add(new("exception.message", SecretRedactor.Redact(exception.Message)));
            attributes.Add(new("exception.stacktrace", SecretRedactor.Redact(exception.ToString())));
            data.Exception = null;
        }
        data.Attributes = attributes;
    }
}
