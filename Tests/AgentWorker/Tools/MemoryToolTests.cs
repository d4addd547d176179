using OsMEN.Executions;
using OsMEN.Tests.Llm;

namespace OsMEN.Tests.AgentWorker.Tools;

/// <summary>What an agent remembers from one execution to the next.</summary>
public sealed class MemoryToolTests
{
    [Fact]
    public async Task A_note_is_found_again_by_the_same_agent_for_the_same_user_only()
    {
        await using var worker = await ToolWorker.StartAsync([("a", "tools: [remember, recall]"), ("b", "tools: [recall]")]);
        worker.Model.Then(
            ModelScripts.Calls(
                ("1", "remember", """{"name":"language","content":"Ann writes German."}"""),
                ("2", "remember", """{"content":"Her team ships on Fridays."}"""),
                ("3", "remember", """{"content":""}""")),
            ModelScripts.Says("ok"));
        await worker.RunAsync("a", "hello");
        var results = worker.ToolResults();
        Assert.Equal("Remembered as language.", results[0]);
        Assert.StartsWith("Remembered as note-", results[1], StringComparison.Ordinal);
        Assert.StartsWith("Error: The content must have 1 to 4000 characters.", results[2], StringComparison.Ordinal);

        Assert.EndsWith("language: Ann writes German.", Assert.Single(await RecallAsync("a", "ann", "german wine")), StringComparison.Ordinal);
        Assert.Equal(["Nothing is remembered."], await RecallAsync("a", "ann", "russian"));
        Assert.Equal(["Nothing is remembered."], await RecallAsync("a", "bob", ""));
        Assert.Equal(["Nothing is remembered."], await RecallAsync("b", "ann", ""));

        async Task<string[]> RecallAsync(string agent, string user, string query)
        {
            worker.Model.Then(ModelScripts.Calls(("1", "recall", $$"""{"query":"{{query}}"}""")), ModelScripts.Says("ok"));
            var ended = await worker.EndedAsync(await worker.AcceptAsync(agent, "hello", e => e with { User = user }));
            Assert.Equal(ExecutionStatus.Completed, ended.Status);
            return worker.ToolResults();
        }
    }
}
