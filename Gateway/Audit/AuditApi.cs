using System.Globalization;
using OsMEN.Executions.Audit;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
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
    private const int MaxPage = 1000;
    private const int LongestText = 300;

    private static readonly string[] Known = ["actor", "action", "target", "since", "until", "cursor", "limit"];

    public static void MapAuditApi(this IEndpointRouteBuilder app) =>
        app.MapGet("/api/v1/audit", ReadAsync).RequireAuthorization(Policies.Manage).WithTags("Audit").WithName("ReadAudit")
            .WithSummary("Who changed what, newest first")
            .WithDescription("Filters: `actor` (a user), `action` (`key.created`, or `key` for all of keys), `target` (an id or name), `since`, `until`.")
            .Produces<Page<AuditView>>().ProducesValidationProblem().ProducesProblems(503);

    private static async Task<IResult> ReadAsync(HttpContext context, AuditTable audit, CancellationToken cancellationToken)
    {
        var (query, errors) = Read(context.Request.Query);
        if (errors.Count > 0)
            return ProblemResponse.Invalid(errors);
        var found = await audit.ReadAsync(query with { Limit = query.Limit + 1 }, cancellationToken);
        var items = found.Take(query.Limit).Select(AuditView.Of).ToArray();
        return TypedResults.Ok(new Page<AuditView>(items, found.Count > query.Limit ? items[^1].Id : null));
    }

    private static (AuditQuery Query, List<(string, string)> Errors) Read(IQueryCollection query)
    {
        var errors = new List<(string, string)>();
        var result = new AuditQuery();
        foreach (var (name, values) in query)
        {
            var text = values.ToString();
            if (values.Count > 1)
                errors.Add((name, "is there twice"));
            else if (!Known.Contains(name, StringComparer.Ordinal))
                errors.Add((name.Length <= 64 ? name : name[..64], $"is no parameter; there are: {string.Join(", ", Known)}"));
            else if (text.Length > 0 && With(result, name, text) is var (with, problem))
            {
                if (problem is not null)
                    errors.Add((name, problem));
                result = with;
            }
        }

        return (result, errors);
    }

    private static (AuditQuery Query, string? Problem) With(AuditQuery query, string name, string text)
    {
        const string time = "must be a time, such as 2030-01-31T08:00:00Z";
        switch (name)
        {
            case "actor" or "action" or "target" when text.Length > LongestText || text.Any(c => char.IsControl(c) || char.IsSurrogate(c)):
                return (query, $"must be 1 to {LongestText} printable characters");
            case "actor":
                return (query with { Actor = text }, null);
            case "action":
                return (query with { Action = text }, null);
            case "target":
                return (query with { Target = text }, null);
            case "since":
                return TryTime(text, out var since) ? (query with { Since = since }, null) : (query, time);
            case "until":
                return TryTime(text, out var until) ? (query with { Until = until }, null) : (query, time);
            case "cursor":
                return Guid.TryParseExact(text, "D", out var before) ? (query with { Before = before }, null) : (query, "must be the next_cursor of a page");
            default:
                return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= MaxPage
                    ? (query with { Limit = limit }, null)
                    : (query, $"must be 1 to {MaxPage}");
        }
    }

    private static bool TryTime(string text, out DateTimeOffset time) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time) && text.Length >= 10;
}
