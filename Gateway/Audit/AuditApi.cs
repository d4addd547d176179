using OsMEN.Executions.Audit;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Queries;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Audit;

/// <summary>An entry of the audit log as the API shows it.</summary>
/// <param name="Actor">The user; null where nobody is known.</param>
/// <param name="Changes">Fields that changed, each with before and after.</param>
internal sealed record AuditView(
    string Id, DateTimeOffset Time, string? Actor, string? KeyId, string? Role, string Action, string Target, string? RequestId, string? Address, RawJson? Changes)
{
    public static AuditView Of(AuditEntry entry) => new(
        entry.Id.ToString(), entry.At, entry.Actor.Length == 0 ? null : entry.Actor, entry.KeyId, entry.Role, entry.Action, entry.Target, entry.RequestId, entry.Address,
        entry.Changes is null ? null : new RawJson(entry.Changes));
}

/// <summary>Reads the audit log. Nothing changes it.</summary>
internal static class AuditApi
{
    private const int LongestText = 300;

    private static readonly QueryParameter<string?> Actor = Text("actor", "Changes by this user");
    private static readonly QueryParameter<string?> Action = Text("action", "Changes of this kind: key.created, or key for all of keys");
    private static readonly QueryParameter<string?> Target = Text("target", "Changes of what has this id or name");
    private static readonly QueryParameter<DateTimeOffset?> Since = QueryParameter.Time("since", "Changes then or later");
    private static readonly QueryParameter<DateTimeOffset?> Until = QueryParameter.Time("until", "Changes before");
    private static readonly QueryParameter<Guid?> Before = QueryParameter.Cursor<Guid?>(text => Guid.TryParseExact(text, "D", out var id) ? id : null);
    private static readonly QueryParameter<int?> Limit = QueryParameter.Limit(50, 1000);

    public static void MapAuditApi(this IEndpointRouteBuilder app) =>
        app.MapGet("/api/v1/audit", ReadAsync).RequireAuthorization(Policies.Manage).WithTags("Audit").WithName("ReadAudit")
            .WithSummary("Who changed what, newest first")
            .Takes(Actor, Action, Target, Since, Until, Before, Limit).Produces<Page<AuditView>>().ProducesProblems(503);

    private static async Task<IResult> ReadAsync(HttpContext context, AuditTable audit, CancellationToken cancellationToken)
    {
        var query = new AuditQuery
        {
            Actor = Actor.Of(context),
            Action = Action.Of(context),
            Target = Target.Of(context),
            Since = Since.Of(context),
            Until = Until.Of(context),
            Before = Before.Of(context),
            Limit = Limit.Of(context)!.Value,
        };
        var found = await audit.ReadAsync(query with { Limit = query.Limit + 1 }, cancellationToken);
        var items = found.Take(query.Limit).Select(AuditView.Of).ToArray();
        return TypedResults.Ok(new Page<AuditView>(items, found.Count > query.Limit ? items[^1].Id : null));
    }

    private static QueryParameter<string?> Text(string name, string what) => QueryParameter.Text(
        name, what, $"must be 1 to {LongestText} printable characters", text => text.Length <= LongestText && !text.Any(c => char.IsControl(c) || char.IsSurrogate(c)));
}
