using System.Globalization;
using System.Text.RegularExpressions;
using Serilog.Events;
using Serilog.Expressions;
using Serilog.Extensions.Logging;
using Serilog.Templates;
using Serilog.Templates.Themes;

namespace OsMEN.ServiceDefaults.Logging;

/// <summary>The two forms of a log line, and the functions that their templates call.</summary>
internal static partial class LogText
{
    private const int LongestText = 32_768;
    private const int Margin = 2048;

    private static readonly StaticMemberNameResolver Functions = new(typeof(TemplateFunctions));

    /// <summary>One JSON object a line with the documented fields; what does not apply is absent.</summary>
    public static ExpressionTemplate Json() => new(
        $$"""
        { {timestamp: Timestamp(@t), level: LevelName(@l), service, logger: SourceContext, message: Text(@m), {{string.Join(", ", LogFields.Names)}}, trace_id: Coalesce(@tr, trace_id), span_id: @sp, process_id, thread_id, exception: Describe(@x)} }

        """, nameResolver: Functions);

    /// <summary>For a person: time, level, logger, message, exception. Coloured on a terminal.</summary>
    public static ExpressionTemplate Readable() => new(
        """
        {@t:HH:mm:ss.fff} {LevelName(@l),-8} {SourceContext}: {Text(@m)}
        {#if @x is not null}{Text(ToString(@x))}
        {#end}
        """, nameResolver: Functions, theme: TemplateTheme.Code);

    /// <summary>Redacts secrets and cuts a text that is too long.</summary>
    public static string Clean(string text)
    {
        // Cut with a margin first, so that a huge text is not searched and a secret is not cut in two.
        if (text.Length > LongestText + Margin) text = text[..(LongestText + Margin)];
        text = SecretRedactor.Redact(text);
        return text.Length <= LongestText ? text : string.Concat(text.AsSpan(0, LongestText), "…");
    }

    /// <summary>The type and method as they are in the source, where the compiler made a state machine or a closure of them.</summary>
    public static (string Type, string Method) SourceNames(string type, string method) =>
        Generated().Match($"{type}.{method}") is { Success: true } match ? (type.Split("+<")[0], match.Groups["method"].Value) : (type, method);

    [GeneratedRegex("<(?<method>[^<>]+)>", RegexOptions.CultureInvariant)]
    private static partial Regex Generated();

    // Public, because the resolver looks for nothing else.
    private static class TemplateFunctions
    {
        private static readonly ScalarValue[] Levels = [.. Enum.GetValues<LogEventLevel>().Select(l => new ScalarValue(LogOptions.NameOf(LevelConvert.ToExtensionsLevel(l))))];

        public static LogEventPropertyValue? LevelName(LogEventPropertyValue? level) => level is ScalarValue { Value: LogEventLevel value } ? Levels[(int)value] : null;

        public static LogEventPropertyValue? Timestamp(LogEventPropertyValue? time) => time is ScalarValue { Value: DateTimeOffset value }
            ? new ScalarValue(value.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture))
            : null;

        public static LogEventPropertyValue? Text(LogEventPropertyValue? text) => text is ScalarValue { Value: string value } ? new ScalarValue(Clean(value)) : null;

        public static LogEventPropertyValue? Describe(LogEventPropertyValue? exception) => exception is ScalarValue { Value: Exception value }
            ? new StructureValue(
            [
                new("type", new ScalarValue(value.GetType().FullName)),
                new("message", new ScalarValue(Clean(value.Message))),
                new("stack", new ScalarValue(Clean(value.ToString()))),
            ])
            : null;
    }
}
