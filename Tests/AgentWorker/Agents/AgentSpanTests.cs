using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.AgentWorker;
using OsMEN.AgentWorker.Agents;
using OsMEN.Executions.Catalog;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.Llm;

namespace OsMEN.Tests.AgentWorker.Agents;

/// <summary>The attributes of <c>invoke_agent</c> spans, in a worker as it is composed.</summary>
public sealed class AgentSpanTests
{
    private static readonly AgentDefinition Clock = new()
    {
        Id = "clock",
        Description = "Tells the time",
        Type = AgentType.Llm,
        Model = ModelScripts.OpenAI,
        Instructions = "You tell the time.",
        Tools = ["current_time"],
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_agent_span_carries_instructions_question_tools_answer_and_the_tokens_of_all_calls()
    {
        var spans = await RunAsync("Development", Clock, """{"text":"What time is it?"}""");
        Assert.Equal(["chat gpt-5-mini", "execute_tool current_time", "chat gpt-5-mini", "invoke_agent clock"], spans.Select(s => s.DisplayName));
        Assert.All(spans.Take(3), s => Assert.Equal(spans[3].SpanId, s.ParentSpanId));
        Assert.Equal(
            """
            gen_ai.agent.description = Tells the time
            gen_ai.agent.id = clock
            gen_ai.agent.name = clock
            gen_ai.input.messages = [{"role":"user","parts":[{"type":"text","content":"What time is it?"}]}]
            gen_ai.operation.name = invoke_agent
            gen_ai.output.messages = [{"role":"assistant","parts":[{"type":"text","content":"It is noon."}],"finish_reason":"stop"}]
            gen_ai.provider.name = openai
            gen_ai.request.model = gpt-5-mini
            gen_ai.system_instructions = [{"type":"text","content":"You tell the time."}]
            gen_ai.tool.definitions = [{"type":"function","name":"current_time","description":"The current date, time and weekday in a time zone.","parameters":{"type":"object","properties":{"timeZone":{"description":"An IANA time zone such as Europe/Berlin; UTC when left out.","type":["string","null"],"default":null}}}}]
            gen_ai.usage.input_tokens = 200
            gen_ai.usage.output_tokens = 40
            """,
            SpanRecorder.Attributes(spans[3]));
    }

    [Fact]
    public async Task An_agent_span_in_production_records_no_content()
    {
        var spans = await RunAsync("Production", Clock, """{"text":"What time is it?"}""");
        Assert.Equal(
            """
            gen_ai.agent.description = Tells the time
            gen_ai.agent.id = clock
            gen_ai.agent.name = clock
            gen_ai.operation.name = invoke_agent
            gen_ai.provider.name = openai
            gen_ai.request.model = gpt-5-mini
            gen_ai.usage.input_tokens = 200
            gen_ai.usage.output_tokens = 40
            """,
            SpanRecorder.Attributes(spans[3]));
    }

    [Fact]
    public async Task A_process_agent_span_carries_its_input_and_output()
    {
        var agent = new AgentDefinition
        {
            Id = "echo",
            Description = "Says yes",
            Type = AgentType.Process,
            Command = ["/bin/sh", "-c", """read -r line; echo '{"type":"result","output":{"text":"yes"}}'"""],
        };
        var span = Assert.Single(await RunAsync("Development", agent, """{"text":"Well?"}"""));
        Assert.Equal(
            """
            gen_ai.agent.description = Says yes
            gen_ai.agent.id = echo
            gen_ai.agent.name = echo
            gen_ai.input.messages = [{"role":"user","parts":[{"type":"text","content":"Well?"}]}]
            gen_ai.operation.name = invoke_agent
            gen_ai.output.messages = [{"role":"assistant","parts":[{"type":"text","content":"yes"}],"finish_reason":"stop"}]
            gen_ai.provider.name = osmen
            """,
            SpanRecorder.Attributes(span));
    }

    private static async Task<IReadOnlyList<Activity>> RunAsync(string environment, AgentDefinition agent, string input)
    {
        await using var server = await ScriptedModelServer.StartAsync();
        server.Then(ModelScripts.CallTheClock(), ModelScripts.Says("It is noon."));
        await using var store = await TestStore.SqliteAsync();
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = environment });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ConnectionStrings:osmen"] = store.ConnectionString,
            ["ConnectionStrings:redis"] = "127.0.0.1:1,abortConnect=false,connectTimeout=200",
            ["LOG_LEVEL"] = "CRITICAL",
            ["OPENAI_BASE_URL"] = new Uri(server.Address, "/v1").ToString(),
        });
        builder.AddWorker();
        await using var app = builder.Build();
        using var recorder = new SpanRecorder();
        var outcome = await app.Services.GetRequiredService<AgentRunners>().RunAsync(new RecordedRun(agent, input).Run, Token);
        Assert.Null(outcome.Error);
        return recorder.Spans;
    }
}
