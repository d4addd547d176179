using OsMEN.Gateway.Audit;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Alerts;

/// <summary>The rules in force; administrators change them.</summary>
internal static class RulesApi
{
    public static void MapRulesApi(this RouteGroupBuilder api)
    {
        api.MapGet("/rules", ListAsync).WithName("ListAlertRules").WithSummary("All rules, of the file and of the API, also those that are off").Produces<Page<RuleView>>().ProducesProblems(503);
        api.MapGet("/rules/{name}", GetAsync).WithName("GetAlertRule").WithSummary("One rule").Produces<RuleView>().ProducesProblems(404, 503);
        api.MapPut("/rules/{name}", PutAsync).Audited("rule.put").RequireAuthorization(Policies.Manage).WithName("PutAlertRule")
            .WithSummary("Adds or replaces a rule; the fields are those of monitoring/alerts.yaml. `{\"enabled\": false}` alone switches one off. Prometheus's own rules stay as they are")
            .Accepts<RawJson>("application/json").Produces<RuleView>().ProducesValidationProblem().ProducesProblems(413, 415, 503);
        api.MapDelete("/rules/{name}", DeleteAsync).Audited("rule.deleted").RequireAuthorization(Policies.Manage).WithName("DeleteAlertRule")
            .WithSummary("Removes a rule; one of the file stays hidden until it is put again").Produces(StatusCodes.Status204NoContent).ProducesProblems(404, 503);
    }

    private static async Task<IResult> ListAsync(RuleBook rules, CancellationToken cancellationToken)
    {
        await rules.RefreshAsync(cancellationToken);
        return TypedResults.Ok(new Page<RuleView>([.. rules.Entries.Select(RuleView.Of)], null));
    }

    private static async Task<IResult> GetAsync(string name, RuleBook rules, CancellationToken cancellationToken)
    {
        await rules.RefreshAsync(cancellationToken);
        return rules.Find(name) is { } entry ? TypedResults.Ok(RuleView.Of(entry)) : Unknown();
    }

    private static async Task<IResult> PutAsync(string name, HttpContext context, RequestBody requestBody, RuleBook rules, CancellationToken cancellationToken)
    {
        var (document, problem) = await requestBody.ReadJsonAsync(context.Request, cancellationToken);
        if (document is null) return problem!;
        using var body = document;
        await rules.RefreshAsync(cancellationToken);
        var before = rules.Find(name);
        var errors = await rules.PutAsync(name, body.RootElement, context.User.Caller(), cancellationToken);
        if (errors.Count > 0) return ProblemResponse.Invalid(errors.Select(e => (e.Field, e.Message)));
        var after = rules.Find(name)!;
        context.Audit("rule.put", name, AuditChanges.BetweenJson(before?.Definition, after.Definition));
        return TypedResults.Ok(RuleView.Of(after));
    }

    private static async Task<IResult> DeleteAsync(string name, HttpContext context, RuleBook rules, CancellationToken cancellationToken)
    {
        if (!await rules.DeleteAsync(name, context.User.Caller(), cancellationToken)) return Unknown();
        context.Audit("rule.deleted", name);
        return TypedResults.NoContent();
    }

    private static IResult Unknown() => ProblemResponse.NotFound("There is no such alert rule.");
}
