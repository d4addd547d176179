using OsMEN.ServiceDefaults;

namespace OsMEN.Executions.Audit;

/// <summary>One change that somebody made, or one sign-in. It holds no secret and no input of an execution.</summary>
public sealed record AuditEntry
{
    /// <summary>UUIDv7 of the time of the change: entries sort by it.</summary>
    public required Guid Id { get; init; }

    /// <summary>Whose key it was; empty where nobody is known, as in a refused sign-in.</summary>
    public required string Actor { get; init; }
    public string? KeyId { get; init; }
    public string? Role { get; init; }

    /// <summary>What was done to what kind of thing: <c>key.created</c>.</summary>
    public required string Action { get; init; }

    /// <summary>The id or name of the thing.</summary>
    public required string Target { get; init; }
    public string? RequestId { get; init; }

    /// <summary>The caller's address, as the gateway saw it.</summary>
    public string? Address { get; init; }

    /// <summary>A JSON object of the fields that changed, before and after; null where there is nothing to say.</summary>
    public string? Changes { get; init; }

    /// <summary>To the millisecond.</summary>
    public DateTimeOffset At => OrderedIds.TimeOf(Id);
}

/// <summary>A page of the log, newest first; what is set has to fit.</summary>
public sealed record AuditQuery
{
    public string? Actor { get; init; }

    /// <summary>An action (<c>key.created</c>), or what comes before the point (<c>key</c>) for all of that kind.</summary>
    public string? Action { get; init; }
    public string? Target { get; init; }
    public DateTimeOffset? Since { get; init; }

    /// <summary>Up to before this time.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Only entries before this one: the last of the page before.</summary>
    public Guid? Before { get; init; }
    public int Limit { get; init; } = 50;
}
