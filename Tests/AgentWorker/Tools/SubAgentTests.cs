using System.Text.Json;
using OsMEN.Executions;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.Llm;

namespace OsMEN.Tests.AgentWorker.Tools;

/// <summary>Agents that run agents.</summary>
public sealed class SubAgentTests
{
    private static readonly (string, string)[] Agents = [("boss", "tools: [run_agent]\nlimits: {max_attempts: 3}"), ("clerk", "limits: {max_attempts: 1}")];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_child_runs_for_the_same_user_with_what_is_left_of_the_budget_and_its_output_is_the_result()
    {
        await using var worker = await ToolWorker.StartAsync(Agents, ("Worker:Slots", "1"));
        worker.Model.Otherwise = body => IsBoss(body) && ToolWorker.Results(body).Length == 0 ? Run("clerk", "count") : ModelScripts.Says(IsBoss(body) ? "boss is done" : "seven");
        var id = await worker.AcceptAsync("boss", "begin", e => e with { BudgetUsd = 0.5m, Priority = 5 });
        var ended = await worker.EndedAsync(id);
        Assert.Equal((ExecutionStatus.Completed, """{"text":"boss is done"}"""), (ended.Status, ended.Output));
        Assert.Equal(["seven"], worker.ToolResults());
        var child = Assert.Single(await worker.Store.ListAsync(new ExecutionQuery { ParentId = id }, Token));
        Assert.Equal(("clerk", "ann", 6, """{"text":"count"}""", ExecutionStatus.Completed), (child.Target, child.User, child.Priority, child.Input, child.Status));

        // What the boss's first answer cost is no longer there.
        var first = 0.5m - child.BudgetUsd!.Value;
        Assert.Equal(ended.CostUsd / 2, first);
    }

    [Fact]
    public async Task Parents_that_hold_every_slot_do_not_keep_their_children_from_running()
    {
        await using var worker = await ToolWorker.StartAsync(Agents, ("Worker:Slots", "2"));
        worker.Model.Otherwise = body => IsBoss(body) && ToolWorker.Results(body).Length == 0 ? Run("clerk", "count") : ModelScripts.Says("done");
        var ids = new List<Guid>();
        for (var i = 0; i < 12; i++)
            ids.Add(await worker.AcceptAsync("boss", "begin"));
        foreach (var id in ids)
            Assert.Equal(ExecutionStatus.Completed, (await worker.EndedAsync(id)).Status);
    }

    [Fact]
    public async Task Agents_go_only_so_deep()
    {
        await using var worker = await ToolWorker.StartAsync(Agents, ("TOOLS_MAX_DEPTH", "2"));
        worker.Model.Otherwise = body => ToolWorker.Results(body) is [var result] ? ModelScripts.Says(result) : Run("boss", "deeper");
        var ended = await worker.RunAsync("boss", "begin");
        Assert.Contains("Agents may run agents 2 deep", ended.Output, StringComparison.Ordinal);
        Assert.Equal(3, (await worker.Store.ListAsync(new ExecutionQuery(), Token)).Count);
    }

    [Fact]
    public async Task A_child_is_cancelled_with_its_parent()
    {
        await using var worker = await ToolWorker.StartAsync(Agents);
        worker.Model.Otherwise = body => IsBoss(body) ? Run("clerk", "count") : ScriptedAnswer.OpenAI(ScriptedAnswer.Hang);
        var id = await worker.AcceptAsync("boss", "begin");
        Execution? child = null;
        await Programs.UntilAsync(
            async () => (child = (await worker.Store.ListAsync(new ExecutionQuery { ParentId = id }, Token)).SingleOrDefault())?.Status == ExecutionStatus.Running, "the child runs");
        await worker.Store.CancelAsync(id, Token);
        Assert.Equal(ExecutionStatus.Cancelled, (await worker.EndedAsync(id)).Status);
        Assert.Equal(ExecutionStatus.Cancelled, (await worker.EndedAsync(child!.Id)).Status);
    }

    [Fact]
    public async Task Another_attempt_finds_the_same_child()
    {
        await using var worker = await ToolWorker.StartAsync(Agents);
        var refused = false;
        worker.Model.Otherwise = body =>
        {
            if (!IsBoss(body))
                return ModelScripts.Says("seven");
            if (ToolWorker.Results(body).Length == 0)
                return Run("clerk", "count");
            if (refused)
                return ModelScripts.Says("boss is done");
            refused = true;
            return ModelScripts.Begins("openai", ScriptedAnswer.Cut);
        };
        var id = await worker.AcceptAsync("boss", "begin");
        var ended = await worker.EndedAsync(id);
        Assert.Equal((ExecutionStatus.Completed, 2, null), (ended.Status, ended.Attempt, ended.Error));
        Assert.Single(await worker.Store.ListAsync(new ExecutionQuery { ParentId = id }, Token));
    }

    [Fact]
    public async Task A_child_that_fails_and_one_that_is_not_there_are_told_to_the_model()
    {
        await using var worker = await ToolWorker.StartAsync(Agents);
        worker.Model.Otherwise = body => !IsBoss(body) ? ScriptedAnswer.Error(400, "not like this")
            : ToolWorker.Results(body).Length == 0 ? ModelScripts.Calls(("a", "run_agent", Arguments("clerk", "x")), ("b", "run_agent", Arguments("nobody", "x"))) : ModelScripts.Says("ok");
        Assert.Equal(ExecutionStatus.Completed, (await worker.RunAsync("boss", "begin")).Status);
        var results = worker.ToolResults();
        Assert.StartsWith("Error: clerk ended as FAILED: ", results[0], StringComparison.Ordinal);
        Assert.Equal("Error: There is no agent 'nobody'.", results[1]);
    }

    private static bool IsBoss(JsonElement body) => ToolWorker.Said(body, 0).Contains("You are boss", StringComparison.Ordinal);

    private static string Arguments(string agent, string input) => JsonSerializer.Serialize(new { agent, input });

    private static ScriptedAnswer Run(string agent, string input) => ModelScripts.Calls(("call_1", "run_agent", Arguments(agent, input)));
}
