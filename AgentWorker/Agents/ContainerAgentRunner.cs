using System.Diagnostics;
using System.Globalization;
using OsMEN.AgentWorker.Metrics;
using OsMEN.Executions.Catalog;

namespace OsMEN.AgentWorker.Agents;

/// <summary>
/// Runs <c>container</c> agents: a program in an image, by the runtime's command line, without a host folder, with the variables that
/// it names, no capability, and no more than its <see cref="ContainerResources"/>. See <see cref="AgentProgram"/>.
/// </summary>
internal sealed class ContainerAgentRunner(ContainerRuntime runtime, ProgramLauncher launcher, ProcessMetrics metrics, TimeProvider time) : IAgentRunner
{
    public AgentType Type => AgentType.Container;

    public async Task<AgentOutcome> RunAsync(AgentRun run, CancellationToken cancellationToken)
    {
        if (runtime.Program is not { } program)
            return AgentOutcome.Failed("ContainerRuntimeMissing", ContainerRuntime.Missing, retryable: true);

        // Another attempt, perhaps on another worker of this machine, may still be ending.
        var name = string.Create(CultureInfo.InvariantCulture, $"osmen-agent-{run.Execution.Id:N}-{run.Execution.Attempt}");
        var agent = new AgentProgram(run, new ProcessStartInfo(program, Arguments(run.Agent, name, runtime.Labels)), launcher, metrics, time)
        {
            IsTrusted = true,
            Passed = ContainerRuntime.Variables,

            // On another machine's runtime, or inside a virtual machine, there is no such process here, and nothing is measured.
            Measured = (_, token) => runtime.ProcessOfAsync(name, time, token),
            Kill = () => runtime.RemoveAsync(name),
        };
        return await agent.RunAsync(cancellationToken);
    }

    /// <summary>What Docker and Podman are asked to run.</summary>
    internal static string[] Arguments(AgentDefinition agent, string name, IEnumerable<string> labels)
    {
        var resources = agent.Resources;
        var memory = string.Create(CultureInfo.InvariantCulture, $"{resources.MemoryMb}m");
        return
        [
            "run", "--rm", "--interactive", "--init", "--name", name, .. labels, "--cap-drop", "ALL", "--security-opt", "no-new-privileges",

            // As much swap and memory as memory: no swap.
            "--memory", memory, "--memory-swap", memory,
            "--cpus", resources.Cpus.ToString("0.##", CultureInfo.InvariantCulture),
            "--pids-limit", resources.Processes.ToString(CultureInfo.InvariantCulture),
            .. resources.Network ? (string[])[] : ["--network", "none"],
            .. agent.Environment.Append(AgentProgram.ExecutionId).Append(AgentProgram.TraceParent).SelectMany(v => new[] { "--env", v }),
            agent.Image!, .. agent.Command,
        ];
    }
}
