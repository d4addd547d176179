using OsMEN.Executions;
using OsMEN.Executions.Budgets;
using OsMEN.Executions.Catalog;
using OsMEN.Executions.Commands;
using OsMEN.Executions.Workflows;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Schedules;
using OsMEN.Gateway.Security;
using OsMEN.Llm;

namespace OsMEN.Gateway.Workflows;

/// <summary>What workflows there are, starting one, and the steps of one that was started.</summary>
internal static class WorkflowsApi
{
    public static void MapWorkflowsApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v1").RequireAuthorization(Policies.Read).WithTags("Workflows");
        api.MapGet("/workflows", (WorkflowCatalog catalog) => TypedResults.Ok(new Page<RawJson>([.. catalog.List().Select(View)], null)))
            .WithName("ListWorkflows").WithSummary("All workflows").Produces<Page<RawJson>>().ProducesProblems();
        api.MapGet("/workflows/{id}", Get).WithName("GetWorkflow").WithSummary("One workflow, with its steps, the schema of its parameters and an example")
            .Produces<RawJson>().ProducesProblems(404);
        api.MapPost("/workflows/{id}/executions", StartAsync).RequireAuthorization(Policies.Run)
            .WithName("StartWorkflow").WithSummary("Starts a workflow with its parameters as input; with ?wait=30s answers once it has finished").StartsExecution();
        api.MapGet("/executions/{id}/steps", StepsAsync).WithName("ListSteps").WithSummary("The steps of a workflow's execution, in their order")
            .Produces<Page<StepView>>().ProducesProblems(404, 409, 503);
        api.MapGet("/schedules", ListSchedulesAsync).WithName("ListSchedules").WithSummary("When workflows start by themselves")
            .Produces<Page<ScheduleView>>().ProducesProblems(503);
    }

    private static IResult Get(string id, WorkflowCatalog catalog) => catalog.Find(id) is { } workflow ? TypedResults.Ok(View(workflow)) : Unknown();

    private static async Task<IResult> StartAsync(
        string id,
        HttpContext context,
        WorkflowCatalog catalog,
        AgentCatalog agents,
        CommandCatalog commands,
        BudgetAdmission budgets,
        ExecutionStarter starter,
        CancellationToken cancellationToken)
    {
        if (catalog.Find(id) is not { } workflow)
            return Unknown();
        foreach (var step in workflow.Steps)
        {
            foreach (var call in ((StepCall?[])[step.Call, step.Compensate]).OfType<StepCall>())
            {
                if (call.Kind == ExecutionKind.Command ? commands.Find(call.Target) is null : await agents.FindFreshAsync(call.Target, cancellationToken) is null)
                    return ProblemResponse.Create(StatusCodes.Status409Conflict, $"Step {step.Id} runs the {call.Kind.ToWire()} '{call.Target}', and there is none.");
            }
        }

        var target = new StartTarget(
            ExecutionKind.Workflow,
            workflow.Id,
            WorkflowDefinition.MaxAttempts,
            (asked, token) => budgets.CheckAsync(new BudgetSubject { User = asked.User, Key = asked.KeyId }, null, null, asked.RunAt, token),
            input => CommandInput.Check(workflow.Parameters, input));
        return await starter.StartAsync(target, context, cancellationToken);
    }

    private static async Task<IResult> StepsAsync(
        string id, HttpContext context, IExecutionStore store, IWorkflowStore workflows, WorkflowCatalog catalog, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await ExecutionAccess.FindAsync(store, ApiKeyAuthentication.KeyOf(context), id, cancellationToken) is not { } execution)
            return ProblemResponse.NotFound("There is no such execution.");
        if (execution.Kind != ExecutionKind.Workflow)
            return ProblemResponse.Create(StatusCodes.Status409Conflict, $"Only workflows have steps; this is a {execution.Kind.ToWire()}.");
        var definition = await workflows.FindPinnedAsync(execution.Id, cancellationToken) is { } pinned ? WorkflowJson.Read(pinned) : catalog.Find(execution.Target);
        if (definition is null)
            return TypedResults.Ok(new Page<StepView>([], null));
        var run = await WorkflowRun.ReadAsync(definition, execution, store, workflows, cancellationToken);
        return TypedResults.Ok(new Page<StepView>([.. WorkflowPlan.Standing(run, time.GetUtcNow()).Select(StepView.Of)], null));
    }

    private static async Task<IResult> ListSchedulesAsync(WorkflowCatalog catalog, ScheduleTable table, CancellationToken cancellationToken)
    {
        var stored = (await table.ListAsync(cancellationToken)).ToDictionary(s => s.Id, StringComparer.Ordinal);
        return TypedResults.Ok(new Page<ScheduleView>([.. Schedule.Of(catalog).Select(s => ScheduleView.Of(s, stored.GetValueOrDefault(s.Id)))], null));
    }

    private static RawJson View(WorkflowDefinition workflow) => new(workflow.Json);

    private static IResult Unknown() => ProblemResponse.NotFound("There is no such workflow.");
}
