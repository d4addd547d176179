using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Executions.Commands;
using OsMEN.Gateway.Budgets;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Workflows;

/// <summary>What commands there are, and starting one.</summary>
internal static class CommandsApi
{
    public static void MapCommandsApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v1/commands").RequireAuthorization(Policies.Read).WithTags("Commands");
        api.MapGet("", (CommandCatalog catalog) => TypedResults.Ok(new Page<RawJson>([.. catalog.List().Select(View)], null)))
            .WithName("ListCommands").WithSummary("All commands").Produces<Page<RawJson>>().ProducesProblems();
        api.MapGet("/{id}", Get).WithName("GetCommand").WithSummary("One command, with the schema of its parameters and an example").Produces<RawJson>().ProducesProblems(404);
        api.MapPost("/{id}/executions", StartAsync).RequireAuthorization(Policies.Run)
            .WithName("StartCommand").WithSummary("Starts a command with its parameters as input; with ?wait=30s answers once it has finished").StartsExecution();
    }

    private static IResult Get(string id, CommandCatalog catalog) => catalog.Find(id) is { } command ? TypedResults.Ok(View(command)) : Unknown();

    private static async Task<IResult> StartAsync(
        string id, HttpContext context, CommandCatalog catalog, AgentCatalog agents, AgentAdmission budgets, ExecutionStarter starter, CancellationToken cancellationToken)
    {
        if (catalog.Find(id) is not { } command)
            return Unknown();
        var agent = command.Own;
        if (command.Agent is { } other)
        {
            if (await agents.FindFreshAsync(other, cancellationToken) is not { } found)
                return ProblemResponse.Create(StatusCodes.Status409Conflict, $"The command asks the agent '{other}', and there is none.");
            agent = found;
        }

        var target = new StartTarget(
            ExecutionKind.Command, command.Id, agent.Limits.MaxAttempts, (asked, token) => budgets.CheckAsync(agent, asked, token), input => CommandInput.Check(command.Parameters, input));
        return await starter.StartAsync(target, context, cancellationToken);
    }

    private static RawJson View(CommandDefinition command) => new(CommandJson.Write(command));

    private static IResult Unknown() => ProblemResponse.NotFound("There is no such command.");
}
