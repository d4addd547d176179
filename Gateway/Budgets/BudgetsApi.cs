using System.Text.Json.Nodes;
using OsMEN.Executions.Budgets;
using OsMEN.Gateway.Audit;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Queries;
using OsMEN.Gateway.Security;
using OsMEN.Llm;

namespace OsMEN.Gateway.Budgets;

/// <summary>What may be spent: everybody reads, administrators write.</summary>
internal static class BudgetsApi
{
    private const int MaxBudgets = 10_000;
    private static readonly QueryParameter<string?> After = QueryParameter.Cursor(text => BudgetRequest.IsId(text) ? text : null);
    private static readonly QueryParameter<int?> Limit = QueryParameter.Limit(50, 1000);

    public static void MapBudgetsApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v1/budgets").RequireAuthorization(Policies.Read).WithTags("Budgets");
        api.MapGet("", ListAsync).WithName("ListBudgets").WithSummary("All budgets by id, with what is spent of them")
            .Takes(After, Limit).Produces<Page<BudgetView>>().ProducesProblems(503);
        api.MapGet("/{id}", GetAsync).WithName("GetBudget").WithSummary("One budget, with what is spent of it").Produces<BudgetView>().ProducesProblems(404, 503);
        api.MapPut("/{id}", PutAsync).Audited("budget.put").RequireAuthorization(Policies.Manage).WithName("PutBudget")
            .WithSummary("Sets a budget; answers when it holds everywhere. Another scope, period or time zone begins with nothing spent")
            .Accepts<BudgetBody>("application/json").Produces<BudgetView>().Produces<BudgetView>(StatusCodes.Status201Created)
            .ProducesValidationProblem().ProducesProblems(409, 413, 415, 503);
        api.MapDelete("/{id}", DeleteAsync).Audited("budget.deleted").RequireAuthorization(Policies.Manage).WithName("DeleteBudget").WithSummary("Removes a budget: nothing is refused by it any more")
            .Produces(StatusCodes.Status204NoContent).ProducesProblems(404, 503);
    }

    /// <summary>402 with the facts of a refusal.</summary>
    public static IResult Refused(BudgetRefusal refusal) => ProblemResponse.Create(
        StatusCodes.Status402PaymentRequired,
        refusal.ToString(),
        new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["budget"] = refusal.Budget,
            ["period"] = refusal.Period,
            ["limit_usd"] = ExecutionView.Dollars(refusal.LimitUsd),
            ["spent_usd"] = ExecutionView.Dollars(refusal.SpentUsd),
            ["reserved_usd"] = ExecutionView.Dollars(refusal.ReservedUsd),
            ["resets_at"] = refusal.ResetsAt,
        });

    private static async Task<IResult> ListAsync(HttpContext context, IBudgetStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        var (after, size, now) = (After.Of(context), Limit.Of(context)!.Value, time.GetUtcNow());
        var rest = (await store.ListBudgetsAsync(cancellationToken)).Where(b => string.CompareOrdinal(b.Id, after) > 0).ToArray();
        var items = rest.Take(size).Select(b => BudgetView.Of(b.At(now))).ToArray();
        return TypedResults.Ok(new Page<BudgetView>(items, rest.Length > size ? items[^1].Id : null));
    }

    private static async Task<IResult> GetAsync(string id, IBudgetStore store, TimeProvider time, CancellationToken cancellationToken) =>
        await store.GetBudgetAsync(id, cancellationToken) is { } budget ? TypedResults.Ok(BudgetView.Of(budget.At(time.GetUtcNow()))) : Unknown();

    private static async Task<IResult> PutAsync(
        string id, HttpContext context, RequestBody requestBody, IBudgetStore store, BudgetBook book, TimeProvider time, CancellationToken cancellationToken)
    {
        var (document, problem) = await requestBody.ReadJsonAsync(context.Request, cancellationToken);
        if (document is null)
            return problem!;
        using var body = document;
        var (budget, errors) = BudgetRequest.Read(body.RootElement, id);
        if (budget is null)
            return ProblemResponse.Invalid(errors.Select(e => (e.Field, e.Message)));
        var before = await store.GetBudgetAsync(id, cancellationToken);
        if (await store.PutBudgetAsync(budget, time.GetUtcNow(), MaxBudgets, cancellationToken) is not { } isNew)
            return ProblemResponse.Create(StatusCodes.Status409Conflict, $"There are {MaxBudgets} budgets already; nothing was added.");
        context.Audit("budget.put", id, Shown(before?.Definition), Shown(budget));
        await SettleInAsync(book, time, cancellationToken);
        if (await store.GetBudgetAsync(id, cancellationToken) is not { } stored)
            return Unknown();
        var view = BudgetView.Of(stored.At(time.GetUtcNow()));
        return isNew ? TypedResults.Created($"/api/v1/budgets/{id}", view) : TypedResults.Ok(view);
    }

    private static async Task<IResult> DeleteAsync(string id, HttpContext context, IBudgetStore store, BudgetBook book, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!await store.DeleteBudgetAsync(id, cancellationToken))
            return Unknown();
        context.Audit("budget.deleted", id);
        await SettleInAsync(book, time, cancellationToken);
        return TypedResults.NoContent();
    }

    private static JsonObject? Shown(BudgetDefinition? budget) => budget is null ? null : new JsonObject
    {
        ["agent"] = budget.Scope.Agent,
        ["user"] = budget.Scope.User,
        ["key"] = budget.Scope.Key,
        ["model"] = budget.Scope.Model,
        ["platform"] = budget.Scope.Platform,
        ["period"] = BudgetPeriods.Name(budget.Period),
        ["time_zone"] = budget.TimeZone,
        ["limit_usd"] = budget.LimitUsd,
        ["alert_at"] = new JsonArray([.. budget.AlertAt.Select(a => JsonValue.Create(a))]),
    };

    // Whoever has this answer may rely on it: no process goes by what was before any more.
    private static Task SettleInAsync(BudgetBook book, TimeProvider time, CancellationToken cancellationToken)
    {
        book.Forget();
        return Task.Delay(BudgetBook.HoldsAfter, time, cancellationToken);
    }

    private static IResult Unknown() => ProblemResponse.NotFound("There is no such budget.");
}
