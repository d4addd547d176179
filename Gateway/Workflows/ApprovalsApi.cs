using Microsoft.AspNetCore.Http.Features;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Executions.Workflows;
using OsMEN.Gateway.Audit;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Workflows;

/// <summary>The body that decides.</summary>
/// <param name="Step">Needed only where a workflow waits for several decisions.</param>
/// <param name="Approved">Default true.</param>
/// <param name="Comment">At most 2000 characters.</param>
internal sealed record DecisionRequest(string? Step = null, bool? Approved = null, string? Comment = null);

/// <summary>The decisions that workflows wait for.</summary>
internal static class ApprovalsApi
{
    private const int MaxListed = 200;
    private const int MaxComment = 2000;

    public static void MapApprovalsApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v1").RequireAuthorization(Policies.Read).WithTags("Workflows");
        api.MapGet("/approvals", ListAsync).WithName("ListApprovals").WithSummary("Decisions that workflows wait for, oldest first")
            .Produces<Page<ApprovalView>>().ProducesProblems(503);
        api.MapPost("/executions/{id}/approve", DecideAsync).Audited("execution.approved", "execution.refused").RequireAuthorization(Policies.Run).WithName("Approve")
            .WithSummary("Approves, or refuses with {\"approved\": false}, what a workflow waits for")
            .Accepts<DecisionRequest>(isOptional: true, "application/json").Produces<ApprovalView>().ProducesValidationProblem().ProducesProblems(404, 409, 413, 415, 503);
    }

    private static async Task<IResult> ListAsync(HttpContext context, IWorkflowStore workflows, CancellationToken cancellationToken)
    {
        var key = ApiKeyAuthentication.KeyOf(context);
        var open = await workflows.ListOpenApprovalsAsync(key.Role == Role.User ? key.User : null, MaxListed, cancellationToken);
        return TypedResults.Ok(new Page<ApprovalView>([.. open.Select(ApprovalView.Of)], null));
    }

    private static async Task<IResult> DecideAsync(
        string id, HttpContext context, RequestBody requestBody, IExecutionStore store, IWorkflowStore workflows, ExecutionSignals signals, TimeProvider time, CancellationToken cancellationToken)
    {
        var key = ApiKeyAuthentication.KeyOf(context);
        if (await ExecutionAccess.FindAsync(store, key, id, cancellationToken) is not { } execution)
            return ProblemResponse.NotFound("There is no such execution.");
        var (request, problem) = await ReadAsync(context, requestBody, cancellationToken);
        if (request is null)
            return problem!;
        var now = time.GetUtcNow();
        var open = (await workflows.ListApprovalsAsync(execution.Id, cancellationToken)).Where(a => a.Approved is null && a.ExpiresAt > now).ToArray();
        if (open.Length == 0 || execution.Status.IsFinal())
            return ProblemResponse.Create(StatusCodes.Status409Conflict, "This execution waits for no decision.");
        if (request.Step is null && open.Length > 1)
            return ProblemResponse.Invalid("step", $"is required, since several wait: {string.Join(", ", open.Select(a => a.Step))}");
        var asked = request.Step is null ? open[0] : Array.Find(open, a => a.Step == request.Step);
        if (asked is null)
            return ProblemResponse.Invalid("step", $"waits for no decision; there are: {string.Join(", ", open.Select(a => a.Step))}");
        if (RoleNames.TryParse(asked.Role, out var role) && key.Role < role)
            return ProblemResponse.Create(StatusCodes.Status403Forbidden, $"Step {asked.Step} is decided by the role {asked.Role}.");
        var decided = await workflows.DecideAsync(execution.Id, asked.Step, request.Approved ?? true, key.User, request.Comment, cancellationToken);
        if (decided is null)
            return ProblemResponse.Create(StatusCodes.Status409Conflict, "It was decided before, or has expired.");
        context.Audit(decided.Approved == true ? "execution.approved" : "execution.refused", execution.Id.ToString(), null, new() { ["step"] = asked.Step, ["comment"] = request.Comment });
        signals.Wake();
        return TypedResults.Ok(ApprovalView.Of(decided));
    }

    private static async Task<(DecisionRequest? Request, IResult? Problem)> ReadAsync(HttpContext context, RequestBody requestBody, CancellationToken cancellationToken)
    {
        // No body approves; one that merely has no type or no length is a body.
        if (context.Request.ContentLength == 0 || context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
            return (new DecisionRequest(), null);
        var (document, problem) = await requestBody.ReadJsonAsync(context.Request, cancellationToken);
        if (document is null)
            return (null, problem);
        using var body = document;
        var errors = new List<FieldError>();
        var fields = new JsonFields(body.RootElement, "", errors);
        var request = new DecisionRequest(fields.Text("step"), fields.Flag("approved"), fields.Text("comment"));
        fields.RefuseOthers();
        if (request.Comment?.Length > MaxComment)
            errors.Add(new("comment", $"must be at most {MaxComment} characters"));
        return errors.Count == 0 ? (request, null) : (null, ProblemResponse.Invalid(errors.Select(e => (e.Field, e.Message))));
    }
}
