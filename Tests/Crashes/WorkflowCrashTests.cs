using System.Globalization;
using OsMEN.Executions;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Crashes;

/// <summary>Kills the worker at each boundary between the steps of a workflow: nothing is lost, and no finished step runs again.</summary>
public sealed class WorkflowCrashTests
{
    private const int Steps = 50;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("postgresql", 5)]
    [InlineData("sqlite", 1)]
    public async Task A_workflow_of_50_steps_survives_kills_at_its_boundaries(string kind, int every)
    {
        await using var postgres = new PostgresServer();
        await using var redis = new RedisServer();
        await redis.StartAsync();
        await using var database = kind == "sqlite" ? await TestStore.SqliteAsync() : await TestStore.PostgresAsync(postgres);
        var folder = Directory.CreateTempSubdirectory("osmen-workflow-").FullName;
        var effects = Path.Combine(folder, "effects");
        await WriteCatalogAsync(folder, effects);
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ConnectionStrings__osmen"] = database.ConnectionString,
            ["ConnectionStrings__redis"] = redis.ConnectionString,
            ["CATALOG_PATH"] = folder,
            ["Executions__Lease"] = "00:00:01",
            ["Executions__RescueInterval"] = "00:00:00.100",
            ["LOG_LEVEL"] = "ERROR",
        };
        await using var worker = await ServiceProcess.StartAsync(["OsMEN.AgentWorker.dll"], environment);
        var id = (await database.Store.AcceptAsync(
            [StoreBehaviour.New() with { Kind = ExecutionKind.Workflow, Target = "chain", Input = "{}", MaxAttempts = 20 }], Token))[0].Execution!.Id;

        // As soon as a step's end can be seen: while the worker wakes the workflow, plans, starts the next or parks.
        for (var done = 1; done < Steps; done += every)
        {
            await EndedAsync(database.Store, id, $"s{done}");
            await worker.KillAsync();
            await worker.StartAsync();
        }

        await Programs.UntilAsync(async () => (await database.Store.GetAsync(id, Token))!.Status.IsFinal(), "the workflow ends", TimeSpan.FromMinutes(1));
        var workflow = (await database.Store.GetAsync(id, Token))!;
        Assert.Equal((ExecutionStatus.Completed, (ExecutionError?)null, "50"), (workflow.Status, workflow.Error, workflow.Output));
        var children = await database.Store.ListAsync(new ExecutionQuery { ParentId = id, Limit = 1000 }, Token);
        Assert.Equal(Enumerable.Range(1, Steps).Select(n => $"s{n}").Order(StringComparer.Ordinal), children.Select(c => c.Step!).Order(StringComparer.Ordinal));
        Assert.All(children, c => Assert.Equal(ExecutionStatus.Completed, c.Status));

        // A program may have ended, and its worker died before it could say so: only then it ran again, as its attempts tell.
        var runs = (await File.ReadAllLinesAsync(effects, Token)).CountBy(l => l, StringComparer.Ordinal).ToDictionary();
        Assert.All(children, c => Assert.InRange(runs[c.Step![1..]], 1, c.Attempt));
        Directory.Delete(folder, recursive: true);
    }

    private static async Task EndedAsync(IExecutionStore store, Guid workflow, string step)
    {
        Execution? found = null;
        await Programs.UntilAsync(
            async () =>
            {
                found = (await store.ListAsync(new ExecutionQuery { ParentId = workflow, Limit = 1000 }, Token)).FirstOrDefault(c => c.Step == step && c.Status.IsFinal());
                return found is not null;
            },
            $"{step} ends", TimeSpan.FromMinutes(1));
        Assert.Equal((ExecutionStatus.Completed, (ExecutionError?)null), (found!.Status, found.Error));
    }

    private static async Task WriteCatalogAsync(string folder, string effects)
    {
        Directory.CreateDirectory(Path.Combine(folder, "agents"));
        Directory.CreateDirectory(Path.Combine(folder, "workflows"));
        await File.WriteAllTextAsync(
            Path.Combine(folder, "agents", "count.yaml"),
            $$"""
            description: Writes down that it ran, and answers its number
            type: process
            command: [sh, -c, 'read line; n=$(echo "$line" | sed "s/.*\"n\":\([0-9]*\).*/\1/"); echo $n >> {{effects}}; echo "{\"type\":\"result\",\"output\":$n}"']
            limits: {max_attempts: 20}
            """,
            Token);
        var steps = Enumerable.Range(1, Steps).Select(n => n == 1
            ? "  s1: {agent: count, input: {n: 1}}"
            : string.Create(CultureInfo.InvariantCulture, $"  s{n}: {{agent: count, needs: [s{n - 1}], input: {{n: {n}, before: \"{{{{steps.s{n - 1}.output}}}}\"}}}}"));
        await File.WriteAllTextAsync(Path.Combine(folder, "workflows", "chain.yaml"), "description: A chain\nsteps:\n" + string.Join('\n', steps), Token);
    }
}
