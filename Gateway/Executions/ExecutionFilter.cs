using System.Buffers.Text;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Queries;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Executions;

/// <summary>The query of a listing.</summary>
internal static class ExecutionFilter
{
    private static readonly QueryParameter<string?> Agent = QueryParameter.Text("agent", "Executions of this agent", "must be an agent's id", AgentValidation.IsId);
    private static readonly QueryParameter<ExecutionStatus?> Status =
        QueryParameter.OneOf("status", "Executions in this state", Enum.GetValues<ExecutionStatus>(), ExecutionNames.ToWire);
    private static readonly QueryParameter<string?> User = QueryParameter.Text("user", "Executions that this user started", "must be a user's name", Users.IsValid);
    private static readonly QueryParameter<ExecutionKind?> Kind = QueryParameter.OneOf("kind", "What is run", Enum.GetValues<ExecutionKind>(), ExecutionNames.ToWire);
    private static readonly QueryParameter<DateTimeOffset?> Since = QueryParameter.Time("since", "Accepted then or later");
    private static readonly QueryParameter<DateTimeOffset?> Until = QueryParameter.Time("until", "Accepted before");
    private static readonly QueryParameter<Guid?> Before = QueryParameter.Cursor(TryCursor);
    private static readonly QueryParameter<int?> Limit = QueryParameter.Limit(50, 1000);

    public static readonly QueryParameter[] Parameters = [Agent, Status, User, Kind, Since, Until, Before, Limit];

    public static ExecutionQuery Read(HttpContext context) => new()
    {
        Target = Agent.Of(context),
        Kind = Kind.Of(context) ?? (Agent.Of(context) is null ? null : ExecutionKind.Agent),
        Status = Status.Of(context),
        User = User.Of(context),
        Since = Since.Of(context),
        Until = Until.Of(context),
        Before = Before.Of(context),
        Limit = Limit.Of(context)!.Value,
    };

    public static string Cursor(Guid last) => Base64Url.EncodeToString(last.ToByteArray(bigEndian: true));

    private static Guid? TryCursor(string text)
    {
        Span<byte> bytes = stackalloc byte[18];
        return text.Length == 22 && Base64Url.IsValid(text) && Base64Url.TryDecodeFromChars(text, bytes, out var written) && written == 16
            ? new Guid(bytes[..16], bigEndian: true)
            : null;
    }
}
