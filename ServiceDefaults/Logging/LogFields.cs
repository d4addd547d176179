using System.Collections.Frozen;
using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace OsMEN.ServiceDefaults.Logging;

/// <summary>
/// The fields of a log line that come from scopes, from the message's parameters or from an exception. Parameters win over
/// scopes, inner scopes over outer ones.
/// </summary>
internal sealed class LogFields
{
    /// <summary>In the order in which they are written.</summary>
    public static readonly string[] Names =
        ["request_id", "user_id", "ip_address", "path", "method", "agent", "execution_id", "duration_ms", "status", "tokens_used", "cost", "module", "function", "line"];

    // As .NET code spells a parameter or scope, beside the field's own name.
    private static readonly FrozenDictionary<string, int> Index = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["RequestId"] = "request_id",
        ["UserId"] = "user_id",
        ["IpAddress"] = "ip_address",
        ["RequestPath"] = "path",
        ["Method"] = "method",
        ["RequestMethod"] = "method",
        ["Agent"] = "agent",
        ["AgentId"] = "agent",
        ["agent_id"] = "agent",
        ["ExecutionId"] = "execution_id",
        ["DurationMs"] = "duration_ms",
        ["Status"] = "status",
        ["TokensUsed"] = "tokens_used",
        ["Cost"] = "cost",
        ["CostUsd"] = "cost",
        ["Module"] = "module",
        ["Function"] = "function",
        ["Line"] = "line",
    }.Concat(Names.Select(n => KeyValuePair.Create(n, n))).ToFrozenDictionary(p => p.Key, p => Array.IndexOf(Names, p.Value), StringComparer.Ordinal);

    private readonly object?[] _values = new object?[Names.Length];

    public object? this[int index] => _values[index];

    public void Collect<TState>(TState state, IExternalScopeProvider? scopes, Exception? exception)
    {
        Array.Clear(_values);
        scopes?.ForEachScope(static (scope, fields) => fields.Add(scope), this);
        Add(state);
        if (exception is not null) AddOrigin(exception);
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
        if (pair.Value is not null && Index.TryGetValue(pair.Key, out var index)) _values[index] = pair.Value;
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
