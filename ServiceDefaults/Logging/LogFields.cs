using System.Collections.Frozen;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Serilog.Core;
using Serilog.Events;

namespace OsMEN.ServiceDefaults.Logging;

/// <summary>
/// Adds the documented fields to an event, from the message's parameters, from scopes, and from the method that logs or threw. Parameters
/// win over scopes, inner scopes over outer ones. Secrets are redacted.
/// </summary>
internal sealed class LogFields : ILogEventEnricher
{
    /// <summary>In the order in which they are written.</summary>
    public static readonly string[] Names =
        ["request_id", "user_id", "ip_address", "path", "method", "agent", "execution_id", "duration_ms", "status", "tokens_used", "cost", "module", "function", "line"];

    private const string TraceId = "trace_id";

    // The spellings that .NET code uses for parameters and scopes, besides the field's own name. Case does not matter.
    private static readonly FrozenDictionary<string, string> FieldNames = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["RequestId"] = "request_id",
        ["UserId"] = "user_id",
        ["IpAddress"] = "ip_address",
        ["RequestPath"] = "path",
        ["RequestMethod"] = "method",
        ["AgentId"] = "agent",
        ["agent_id"] = "agent",
        ["ExecutionId"] = "execution_id",
        ["DurationMs"] = "duration_ms",
        ["TokensUsed"] = "tokens_used",
        ["CostUsd"] = "cost",
    }.Concat(Names.Append(TraceId).Select(n => KeyValuePair.Create(n, n))).ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    [ThreadStatic]
    private static Dictionary<string, object>? t_fields;

    /// <summary>The scopes of the logger factory. Serilog's own provider would let a scope overwrite a parameter of the same name.</summary>
    public IExternalScopeProvider? Scopes { get; set; }

    /// <summary>The name of the field that a parameter or scope fills, or the key itself.</summary>
    public static string NameOf(string key) => FieldNames.GetValueOrDefault(key, key);

    public static string? CategoryOf(LogEvent logEvent) =>
        logEvent.Properties.GetValueOrDefault(Constants.SourceContextPropertyName) is ScalarValue { Value: string category } ? category : null;

    public static string? EventNameOf(LogEvent logEvent) =>
        logEvent.Properties.GetValueOrDefault("EventId") is StructureValue { Properties: [.., { Name: "Name", Value: ScalarValue { Value: string name } }] } ? name : null;

    public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
    {
        var fields = t_fields ??= new(StringComparer.Ordinal);
        fields.Clear();
        Scopes?.ForEachScope(static (scope, fields) => Add(fields, scope), fields);
        foreach (var (key, value) in logEvent.Properties)
            if (value is ScalarValue { Value: { } scalar } && FieldNames.TryGetValue(key, out var name)) fields[name] = scalar;
        if (!fields.ContainsKey("function") && !AddOrigin(fields, logEvent.Exception)) AddSource(fields, logEvent);
        foreach (var (name, value) in fields) logEvent.AddOrUpdateProperty(new(name, new ScalarValue(Normalize(value))));
        logEvent.AddOrUpdateProperty(new("thread_id", new ScalarValue(Environment.CurrentManagedThreadId)));
    }

    private static void Add(Dictionary<string, object> fields, object? scope)
    {
        if (scope is IReadOnlyList<KeyValuePair<string, object?>> list)
        {
            for (var i = 0; i < list.Count; i++) Add(fields, list[i]);
        }
        else if (scope is IEnumerable<KeyValuePair<string, object?>> pairs)
        {
            foreach (var pair in pairs) Add(fields, pair);
        }
    }

    private static void Add(Dictionary<string, object> fields, KeyValuePair<string, object?> pair)
    {
        if (pair.Value is not null && FieldNames.TryGetValue(pair.Key, out var name)) fields[name] = pair.Value;
    }

    private static object Normalize(object value) => value switch
    {
        int or long or decimal or bool => value,
        double number when double.IsFinite(number) => value,
        float number when float.IsFinite(number) => value,
        TimeSpan duration => duration.TotalMilliseconds,
        _ => LogText.Clean(Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""),
    };

    // [LoggerMessage] names an event after the method that logs it, and the logger is named after that method's type.
    private static void AddSource(Dictionary<string, object> fields, LogEvent logEvent)
    {
        if (CategoryOf(logEvent) is not { } category || !category.StartsWith(ServiceIdentity.Solution, StringComparison.Ordinal) || EventNameOf(logEvent) is not { } method) return;
        fields.TryAdd("module", category);
        fields["function"] = method;
    }

    // The innermost method that has its source, which is ours, or else the one that threw.
    private static bool AddOrigin(Dictionary<string, object> fields, Exception? exception)
    {
        if (exception?.StackTrace is null || new StackTrace(exception, fNeedFileInfo: true).GetFrames() is not [var thrower, ..] frames) return false;
        var frame = Array.Find(frames, f => f.GetFileLineNumber() > 0) ?? thrower;
        if (DiagnosticMethodInfo.Create(frame) is not { } method) return false;
        var (type, name) = LogText.SourceNames(method.DeclaringTypeName ?? "", method.Name);
        fields.TryAdd("module", type);
        fields["function"] = name;
        if (frame.GetFileLineNumber() is > 0 and var line) fields["line"] = line;
        return true;
    }
}
