using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.ServiceDefaults.Logging;

/// <summary>The console for a person: time, level, logger, message.</summary>
internal sealed class ReadableLogFormatter(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "osmen-readable";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var message = logEntry.Formatter?.Invoke(logEntry.State, logEntry.Exception);
        if ((message is null && logEntry.Exception is null) || StartupErrors.IsRepeatedBy(logEntry)) return;
        textWriter.Write(time.GetLocalNow().ToString("HH:mm:ss.fff ", CultureInfo.InvariantCulture));
        textWriter.Write(LogOptions.NameOf(logEntry.LogLevel).PadRight(8));
        textWriter.Write(' ');
        textWriter.Write(logEntry.Category);
        textWriter.Write(": ");
        textWriter.WriteLine(SecretRedactor.Redact(message ?? ""));
        if (logEntry.Exception is { } exception) textWriter.WriteLine(SecretRedactor.Redact(exception.ToString()));
    }
}
