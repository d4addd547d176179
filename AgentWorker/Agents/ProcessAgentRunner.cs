using System.Diagnostics;
using OsMEN.AgentWorker.Metrics;
using OsMEN.Executions.Catalog;

namespace OsMEN.AgentWorker.Agents;

/// <summary>Runs <c>process</c> agents: a program of the worker's machine, in its file's folder. See <see cref="AgentProgram"/>.</summary>
internal sealed class ProcessAgentRunner(ProgramLauncher launcher, ProcessMetrics metrics, TimeProvider time) : IAgentRunner
{
    public AgentType Type => AgentType.Process;

    public Task<AgentOutcome> RunAsync(AgentRun run, CancellationToken cancellationToken)
    {
        var folder = run.Agent.Folder ?? Directory.GetCurrentDirectory();

        // A relative path with a slash is meant from the file's folder; a bare name is looked for on PATH.
        var arguments = run.Agent.Command.Select(c => c.StartsWith("./", StringComparison.Ordinal) ? Path.GetFullPath(c, folder) : c).ToList();
        var start = new ProcessStartInfo(arguments[0], arguments.Skip(1)) { WorkingDirectory = folder };
        return new AgentProgram(run, start, launcher, metrics, time).RunAsync(cancellationToken);
    }
}
