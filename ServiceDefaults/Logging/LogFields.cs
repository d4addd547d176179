using System.Collections.Frozen;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace OsMEN.ServiceDefaults.Logging;

/// <summary>
/// The fields of a log line that come from scopes, from the message's parameters, from its method or from an exception. Parameters win over
/// scopes, inner scopes over outer ones.
/// </summary>
internal sealed class LogFields
{
    /// <summary>In the order in which they are written.</summary>
    public static readonly string[] Names =
        ["request_id", "user_id", "ip_address", "path", "method", "agent", "execution_id", "duration_ms", "status", "tokens_used", "cost", "module", "function", "line"];

    // Written elsewhere in the line, and only where no activity has the trace's id.
    private const string TraceIdName = "trace_id";

    // As .NET code spells a parameter or scope, beside the field's own name; in any case, for Duration_Ms is the field's too.
    private static readonly FrozenDictionary<string, int> Index = new Dictionary<string, string>(StringComparer.Ordinal)
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
    }.Concat(Names.Select(n => KeyValuePair.Create(n, n))).ToFrozenDictionary(p => p.Key, p => Array.IndexOf(Names, p.Value), StringComparer.OrdinalIgnoreCase);

    /// <summary>The field that a parameter or scope is, else the key itself.</summary>
    public static string NameOf(string key) => Index.TryGetValue(key, out var index) ? Names[index] : key;

    private readonly object?[] _values = new object?[Names.Length];

    public object? this[int index] => _values[index];

    /// <summary>The trace's id, where a scope knows it.</summary>
    public string? TraceId { get; private set; }

    public void Collect<TState>(in LogEntry<TState> entry, IExternalScopeProvider? scopes)
    {
        Array.Clear(_values);
        TraceId = null;
        scopes?.ForEachScope(static (scope, fields) => fields.Add(scope), this);
        Add(entry.State);
        if (entry.Exception is { } exception) AddOrigin(exception);
        else AddSource(entry.Category, entry.EventId);
    }

    private void Add(object? state)
    {
        if (state is IReadOnlyList<KeyValuePair<string, object?>> list)
        {
            for (var i = 0; i < list.Count; i++) Add(list[i]);
        }
        else if (state is IEnumerable<KeyValuePair<string, object?>> pairs)
        {
            foreach (var pair in pairs) Add(pair);
        }
    }

    private void Add(KeyValuePair<string, object?> pair)
    {
        if (pair.Value is string id && pair.Key == TraceIdName) TraceId = id;
        else if (pair.Value is not null && Index.TryGetValue(pair.Key, out var index)) _values[index] = pair.Value;
    }

    // [LoggerMessage] names an event after the method that logs it, and the logger is named after that method's type.
    private void AddSource(string category, EventId id)
    {
        if (id.Name is not { Length: > 0 } name || _values[^2] is not null || !category.StartsWith(ServiceIdentity.Solution, StringComparison.Ordinal)) return;
        _values[^3] ??= category;
        _values[^2] = name;
    }

    private void AddOrigin(Exception exception)
    {
        if (_values[^2] is not null || new StackTrace(exception, fNeedFileInfo: true).GetFrame(0) is not { } frame) return;
        if (DiagnosticMethodInfo.Create(frame) is { } method)
        {
            _values[^3] ??= method.DeclaringTypeName;
            _values[^2] = method.Name;
        }
        if (frame.GetFileLineNumber() is > 0 and var line) _values[^1] = line;
    }
}
