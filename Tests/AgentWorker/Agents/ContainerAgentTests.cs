using OsMEN.AgentWorker.Agents;
using OsMEN.AgentWorker.Tools;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.AgentWorker.Agents;

/// <summary>The protocol of docs/process-agents.md from inside an image. Needs a runtime that answers and any image with a shell.</summary>
public sealed class ContainerAgentTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_reads_its_input_and_answers_with_no_variable_but_those_it_names()
    {
        var run = await ScriptAsync("""read -r line; echo "{\"type\":\"result\",\"output\":{\"line\":$line,\"path_of_worker\":\"$OSMEN_TEST_SECRET\",\"id\":\"$OSMEN_EXECUTION_ID\"}}" """, """{"text":"hello"}""");
        Environment.SetEnvironmentVariable("OSMEN_TEST_SECRET", "hidden");
        var outcome = await Runner().RunAsync(run.Run, Token);
        var id = run.Run.Execution.Id;
        Assert.Equal($$$$"""{"line":{"execution_id":"{{{{id}}}}","agent":"boxed","attempt":1,"input":{"text":"hello"}},"path_of_worker":"","id":"{{{{id}}}}"}""", outcome.Output);
        Assert.Equal("", await ContainersAsync(id));
    }

    [Fact]
    public async Task A_stopped_one_leaves_no_container()
    {
        var run = await ScriptAsync("""echo '{"type":"log","log":"up"}'; while :; do sleep 1; done""");
        var up = new TaskCompletionSource();
        run.OnEvent = item =>
        {
            if (item is ExecutionEvent.Log { Text: "up" })
                up.TrySetResult();
        };
        using var stop = new CancellationTokenSource();
        var running = Runner().RunAsync(run.Run, stop.Token);
        await up.Task.WaitAsync(Token);
        Assert.NotEqual("", await ContainersAsync(run.Run.Execution.Id));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal("", await ContainersAsync(run.Run.Execution.Id));
    }

    [Fact]
    public async Task An_image_that_cannot_be_had_is_named()
    {
        await ImageAsync();
        var outcome = await Runner().RunAsync(new RecordedRun(Agent("127.0.0.1:1/no/such:image", ["true"])).Run, Token);
        Assert.Equal("ExitCode", outcome.Error!.Type);
        Assert.Contains("127.0.0.1:1/no/such:image", outcome.Error.Message, StringComparison.Ordinal);
    }

    private static ContainerAgentRunner Runner() => new(new ContainerRuntime(), new ProgramLauncher(new ToolOptions()), WorkerMeters.Processes(), TimeProvider.System);

    private static async Task<RecordedRun> ScriptAsync(string script, string? input = null) => new(Agent(await ImageAsync(), ["sh", "-c", script]), input);

    private static AgentDefinition Agent(string image, string[] command) => new()
    {
        Id = "boxed",
        Description = "A script in an image",
        Type = AgentType.Container,
        Image = image,
        Command = command,
        Folder = Path.GetTempPath(),
    };

    private static async Task<string> ContainersAsync(Guid execution) =>
        (await Programs.RunAsync(new ContainerRuntime().Program!, "ps", "--all", "--quiet", "--filter", $"name=osmen-agent-{execution:N}")).Trim();

    private static async Task<string> ImageAsync()
    {
        var runtime = new ContainerRuntime();
        try
        {
            await runtime.VersionAsync(Token);
        }
        catch (InvalidOperationException e)
        {
            Assert.Skip($"There is no container runtime: {e.Message}");
        }

        var images = await Programs.RunAsync(runtime.Program!, "images", "--format", "{{.Repository}}:{{.Tag}}");
        var image = images.Split('\n').FirstOrDefault(i => i.Contains("/redis:", StringComparison.Ordinal) || i.StartsWith("redis:", StringComparison.Ordinal));
        if (image is null)
            Assert.Skip("There is no image with a shell; eng/stand-in-images.sh makes some of Debian's packages.");
        return image;
    }
}
