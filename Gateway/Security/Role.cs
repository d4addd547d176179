using System.Diagnostics.CodeAnalysis;

namespace OsMEN.Gateway.Security;

/// <summary>What a key may do.</summary>
internal enum Role
{
    /// <summary>Reads everything, changes nothing.</summary>
    Viewer,

    /// <summary>Runs agents; sees and changes only its own executions.</summary>
    User,

    /// <summary>Reads everything; runs, cancels and retries everybody's executions; acknowledges alerts.</summary>
    Operator,

    /// <summary>Everything, also agents and keys.</summary>
    Admin,
}

/// <summary>Names of authorization policies; the matrix of roles and endpoints stands in docs/security.md and is tested.</summary>
internal static class Policies
{
    /// <summary>Any key. Whose executions it sees is decided per execution.</summary>
    public const string Read = "read";

    /// <summary>Starts and changes executions: user, operator, admin.</summary>
    public const string Run = "run";

    /// <summary>Acknowledges and silences alerts: operator, admin.</summary>
    public const string Operate = "operate";

    /// <summary>Administers agents, alert rules and keys.</summary>
    public const string Manage = "manage";
}

internal static class RoleNames
{
    public static readonly string[] All = ["viewer", "user", "operator", "admin"];

    /// <summary>What each may do, in the order of <see cref="All"/>; the whole matrix stands in docs/security.md.</summary>
    public static readonly string[] Descriptions =
    [
        "Reads everything but keys, users and the audit log; starts and changes nothing.",
        "Runs agents; sees, cancels and retries what keys of the same user started.",
        "Reads as a viewer; runs, cancels and retries everybody's executions; acknowledges and silences alerts.",
        "Everything: also agents, budgets, prices, alert rules, keys and users, and reads the audit log.",
    ];

    public static string ToWire(this Role role) => All[(int)role];

    public static bool TryParse([NotNullWhen(true)] string? text, out Role role)
    {
        var i = Array.FindIndex(All, r => r.Equals(text, StringComparison.OrdinalIgnoreCase));
        role = (Role)Math.Max(i, 0);
        return i >= 0;
    }
}
