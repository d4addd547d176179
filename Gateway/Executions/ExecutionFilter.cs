using System.Buffers.Text;
using System.Globalization;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;

namespace OsMEN.Gateway.Executions;

/// <summary>The query of a listing.</summary>
internal static class ExecutionFilter
{
    private static readonly string[] Known = ["agent", "status", "user", "kind", "since", "until", "cursor", "limit"];

    /// <summary>The query, or each parameter's error. An unknown parameter is one: a misspelt filter must not pass for a set one.</summary>
    public static (ExecutionQuery Query, IReadOnlyList<(string, string)> Errors) Read(IQueryCollection query)
    {
        var errors = new List<(string, string)>();
        string? One(string name)
        {
            var values = query[name];
            if (values.Count > 1)
                errors.Add((name, "is there twice"));
            return values.ToString() is { Length: > 0 } text ? text : null;
        }

        var result = new ExecutionQuery();
        if (One("agent") is { } agent)
            result = AgentValidation.IsId(agent) ? result with { Target = agent, Kind = ExecutionKind.Agent } : Wrong(errors, "agent", "must be an agent's id", result);
        if (One("kind") is { } kind)
            result = ExecutionNames.TryParseKind(kind, out var k) ? result with { Kind = k } : Wrong(errors, "kind", "must be agent, command or workflow", result);
        if (One("status") is { } status)
            result = ExecutionNames.TryParseStatus(status, out var s) ? result with { Status = s } : Wrong(errors, "status", "must be PENDING, RUNNING, COMPLETED, FAILED, CANCELLED or TIMED_OUT", result);
        if (One("user") is { } user)
            result = Security.Users.IsValid(user) ? result with { User = user } : Wrong(errors, "user", "must be a user's name", result);
        if (One("since") is { } since)
            result = TryTime(since, out var t) ? result with { Since = t } : Wrong(errors, "since", "must be a time, such as 2030-01-31T08:00:00Z", result);
        if (One("until") is { } until)
            result = TryTime(until, out var t) ? result with { Until = t } : Wrong(errors, "until", "must be a time, such as 2030-01-31T08:00:00Z", result);
        if (One("cursor") is { } cursor)
            result = TryCursor(cursor, out var before) ? result with { Before = before } : Wrong(errors, "cursor", "must be the next_cursor of a page", result);
        if (One("limit") is { } limit)
            result = int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n is >= 1 and <= 1000 ? result with { Limit = n } : Wrong(errors, "limit", "must be 1 to 1000", result);
        foreach (var name in query.Keys.Where(k => !Known.Contains(k, StringComparer.Ordinal)).Take(10))
            errors.Add((name.Length <= 64 ? name : name[..64], $"is no parameter; there are: {string.Join(", ", Known)}"));
        return (result, errors);
    }

    public static string Cursor(Guid last) => Base64Url.EncodeToString(last.ToByteArray(bigEndian: true));

    private static bool TryCursor(string text, out Guid before)
    {
        before = default;
        Span<byte> bytes = stackalloc byte[18];
        if (text.Length != 22 || !Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, bytes, out var written) || written != 16)
            return false;
        before = new Guid(bytes[..16], bigEndian: true);
        return true;
    }

    private static bool TryTime(string text, out DateTimeOffset time) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time) && text.Length >= 10;

    private static ExecutionQuery Wrong(List<(string, string)> errors, string name, string message, ExecutionQuery unchanged)
    {
        errors.Add((name, message));
        return unchanged;
    }
}
