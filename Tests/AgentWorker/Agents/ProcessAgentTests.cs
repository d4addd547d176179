using System.Diagnostics;
using System.Globalization;
using OsMEN.AgentWorker.Agents;
using OsMEN.AgentWorker.Tools;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.AgentWorker.Agents;

/// <summary>The protocol of docs/process-agents.md, spoken by small shell scripts.</summary>
public sealed class ProcessAgentTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_reads_its_input_and_streams_logs_output_and_a_result()
    {
        var run = Script(
            """
            read -r line
            echo '{"type":"log","log":"hello","level":"warning"}'
            echo 'not JSON at all'
            echo '{"type":"output","delta":"a"}'
            echo '{"type":"output","delta":"b"}'
            echo '{"type":"metrics","input_tokens":12,"output_tokens":3,"cost_usd":0.000000125,"platform":"openai","model":"gpt-5-mini"}'
            echo "{\"type\":\"result\",\"output\":$line}"
            """,
            """{"text":"Grüße 🌍"}""");
        var outcome = await RunAsync(run);
        Assert.Equal(
            $$$"""{"execution_id":"{{{run.Run.Execution.Id}}}","agent":"script","attempt":1,"input":{"text":"Gr\u00FC\u00DFe \uD83C\uDF0D"}}""",
            outcome.Output);
        Assert.Contains(new ExecutionEvent.Log("hello", EventLogLevel.Warning), run.Events);
        Assert.Contains("not JSON at all", run.Logs);
        Assert.Equal("ab", run.Output);
        var call = Assert.Single(run.Calls);
        Assert.Equal(("openai", "gpt-5-mini", 12L, 3L, 0.000000125m), (call.Platform, call.Model, call.Tokens.Input, call.Tokens.Output, call.CostUsd));
    }

    [Theory]
    [InlineData("""echo '{"type":"error","error":"BadInput","message":"no text","retryable":true}'""", "BadInput", "no text", true)]
    [InlineData("echo oops >&2; exit 3", "ExitCode", "The program ended with code 3: oops", true)]
    [InlineData("exit 0", "NoResult", "The program ended without a result.", false)]
    public async Task Each_way_to_fail_has_its_reason(string script, string type, string message, bool retryable)
    {
        var outcome = await RunAsync(Script(script));
        Assert.Equal((null, new ExecutionError(type, message), retryable), (outcome.Output, outcome.Error, outcome.Retryable));
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_named()
    {
        var outcome = await RunAsync(new RecordedRun(Agent(["no-such-program-anywhere"])));
        Assert.Equal(new ExecutionError("ProgramNotFound", "There is no program 'no-such-program-anywhere' on the worker's PATH."), outcome.Error);
    }

    [Fact]
    public async Task It_sees_only_the_variables_that_it_is_given()
    {
        Environment.SetEnvironmentVariable("OSMEN_TEST_SECRET", "hidden");
        Environment.SetEnvironmentVariable("OSMEN_TEST_SHOWN", "shown");
        var run = Script("""echo "{\"type\":\"result\",\"output\":\"$OSMEN_TEST_SECRET/$OSMEN_TEST_SHOWN/$OSMEN_EXECUTION_ID\"}" """, environment: ["OSMEN_TEST_SHOWN"]);
        Assert.Equal($"\"/shown/{run.Run.Execution.Id}\"", (await RunAsync(run)).Output);
    }

    [Fact]
    public async Task A_stopped_one_ends_with_all_its_children()
    {
        var run = Script("sleep 1000 & echo \"{\\\"type\\\":\\\"log\\\",\\\"log\\\":\\\"child $!\\\"}\"; wait");
        var child = new TaskCompletionSource<int>();
        run.OnEvent = item =>
        {
            if (item is ExecutionEvent.Log { Text: ['c', 'h', 'i', 'l', 'd', ' ', .. var id] })
                child.TrySetResult(int.Parse(id, CultureInfo.InvariantCulture));
        };
        using var stop = new CancellationTokenSource();
        var running = new ProcessAgentRunner(new ProgramLauncher(new ToolOptions()), WorkerMeters.Processes(), TimeProvider.System).RunAsync(run.Run, stop.Token);
        var childId = await child.Task.WaitAsync(Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await Programs.UntilAsync(() => Task.FromResult(!IsAlive(childId)), "the child is gone");
    }

    [Fact]
    public async Task A_line_without_end_is_cut_and_what_follows_is_read()
    {
        var outcome = await RunAsync(Script("""head -c 3000000 /dev/zero | tr '\0' x; echo; echo '{"type":"result","output":1}'"""));
        Assert.Equal("1", outcome.Output);
    }

    [Fact]
    public async Task Its_memory_and_CPU_are_measured()
    {
        if (!Directory.Exists("/proc/self"))
            Assert.Skip("There is no /proc here.");
        var measured = new TaskCompletionSource<ExecutionEvent.Metrics>();
        var run = Script("while :; do :; done");
        run.OnEvent = item =>
        {
            if (item is ExecutionEvent.Metrics { CpuPercent: not null } metrics)
                measured.TrySetResult(metrics);
        };
        using var stop = new CancellationTokenSource();
        var running = new ProcessAgentRunner(new ProgramLauncher(new ToolOptions()), WorkerMeters.Processes(), TimeProvider.System).RunAsync(run.Run, stop.Token);
        var sample = await measured.Task.WaitAsync(TimeSpan.FromMinutes(1), Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.InRange(sample.MemoryBytes!.Value, 100_000, 1_000_000_000);
        Assert.InRange(sample.CpuPercent!.Value, 1, 400);
    }

    private static Task<AgentOutcome> RunAsync(RecordedRun run) => new ProcessAgentRunner(new ProgramLauncher(new ToolOptions()), WorkerMeters.Processes(), TimeProvider.System).RunAsync(run.Run, Token);

    private static RecordedRun Script(string script, string? input = null, string[]? environment = null) =>
        new(Agent(["sh", "-c", script], environment), input);

    private static AgentDefinition Agent(string[] command, string[]? environment = null) => new()
    {
        Id = "script",
        Description = "A script",
        Type = AgentType.Process,
        Command = command,
        Environment = environment ?? [],
        Folder = Path.GetTempPath(),
    };

    private static bool IsAlive(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
