using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace OsMEN.ServiceDefaults.Logging;

/// <summary>The console as one JSON object a line.</summary>
internal sealed class JsonLogFormatter(JsonLogLine line) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "osmen-json";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var bytes = line.Write(logEntry, scopeProvider);
        if (bytes.IsEmpty) return;
        textWriter.Write(Encoding.UTF8.GetString(bytes));
        textWriter.Write('\n');
    }
}
