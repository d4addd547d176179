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

    [Fact]
    public async Task It_has_no_network_and_the_limits_of_its_file()
    {
        // Files of control groups, version 2 or 1.
        const string script = """
            read -r line
            cd /sys/fs/cgroup
            limits=$(cat memory.max cpu.max pids.max 2>/dev/null || cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us pids/pids.max)
            echo "{\"type\":\"result\",\"output\":\"$(echo $limits) $(echo $(ls /sys/class/net))\"}"
            """;
        var agent = Agent(await ImageAsync(), ["sh", "-c", script]) with { Resources = new ContainerResources { MemoryMb = 64, Cpus = 0.5, Processes = 20 } };
        var outcome = await Runner().RunAsync(new RecordedRun(agent).Run, Token);
        Assert.Equal(("\"67108864 50000 100000 20 lo\"", null), (outcome.Output, outcome.Error?.Message));
    }

    [Theory]
    [InlineData("{}", "--memory 512m --memory-swap 512m --cpus 1 --pids-limit 256 --network none")]
    [InlineData("""{"memory_mb":64,"cpus":0.5,"processes":20,"network":true}""", "--memory 64m --memory-swap 64m --cpus 0.5 --pids-limit 20")]
    public void The_runtime_is_asked_for_the_limits_of_its_file(string resources, string limits)
    {
        var read = AgentJson.Read($$"""{"id":"boxed","description":"d","type":"container","image":"i:1","command":["run"],"environment":["KEY"],"resources":{{resources}}}""", folder: "/tmp");
        Assert.Empty(read.Errors);
        Assert.Equal(
            $"run --rm --interactive --init --name n --label a=b --cap-drop ALL --security-opt no-new-privileges {limits} --env KEY --env OSMEN_EXECUTION_ID --env TRACEPARENT i:1 run",
            string.Join(' ', ContainerAgentRunner.Arguments(read.Definition!, "n", ["--label", "a=b"])));
        Assert.Equal(read.Definition!.Resources, AgentJson.Read(AgentJson.Write(read.Definition), folder: "/tmp").Definition!.Resources);
    }

    [Theory]
    [InlineData("container", """{"memory_mb":8}""", "resources.memory_mb must be 16 to 1048576")]
    [InlineData("container", """{"cpus":0}""", "resources.cpus must be 0.01 to 1024")]
    [InlineData("container", """{"processes":0}""", "resources.processes must be 1 to 32768")]
    [InlineData("container", """{"network":"host"}""", "resources.network must be true or false")]
    [InlineData("container", """{"gpus":1}""", "resources.gpus is no known key; there are: memory_mb, cpus, processes, network")]
    [InlineData("process", """{"cpus":1}""", "resources is for container agents only")]
    public void Limits_that_cannot_be_kept_are_refused(string type, string resources, string error)
    {
        var image = type == "container" ? "\"image\":\"i:1\"," : "";
        var read = AgentJson.Read($$"""{"id":"a","description":"d","type":"{{type}}",{{image}}"command":["run"],"resources":{{resources}}}""", folder: "/tmp");
        Assert.Equal([error], read.Errors.Select(e => $"{e.Field} {e.Message}"));
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
