using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using OsMEN.AgentWorker.Metrics;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;

namespace OsMEN.AgentWorker.Agents;

/// <summary>
/// Runs <c>process</c> agents: any program that reads one JSON line and writes JSON lines (docs/process-agents.md). It sees a small
/// environment, its memory and CPU are measured, and it ends with its whole tree when the execution is stopped or the worker dies.
/// </summary>
internal sealed class ProcessAgentRunner(ProcessMetrics metrics, TimeProvider time) : IAgentRunner
{
    private const int StderrKept = 2000;

    private static readonly TimeSpan SampleEvery = TimeSpan.FromSeconds(1);
    private static readonly string[] AlwaysPassed = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "SystemRoot", "TEMP"];

    public AgentType Type => AgentType.Process;

    public async Task<AgentOutcome> RunAsync(AgentRun run, CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = Describe(run) };
        try
        {
            await ParentDeath.StartAsync(process);
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException or IOException)
        {
            return AgentOutcome.Failed("ProgramNotFound", e.Message);
        }

        await run.LogAsync($"Started {run.Agent.Command[0]} as process {process.Id}", cancellationToken);
        var output = new ProcessOutput(run);
        using var measuring = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            var samples = MeasureAsync(run, process.Id, output, measuring.Token);
            var errors = ReadErrorsAsync(process.StandardError.BaseStream, run, cancellationToken);
            await WriteInputAsync(process, run, cancellationToken);
            await foreach (var line in BoundedLines.ReadAsync(process.StandardOutput.BaseStream, cancellationToken))
                await output.TakeAsync(line, cancellationToken);
            var stderr = await errors;
            await process.WaitForExitAsync(cancellationToken);
            await measuring.CancelAsync();
            await samples;
            output.TellTokens(time);
            return output.End(process.ExitCode, stderr);
        }
        finally
        {
            await measuring.CancelAsync();
            KillTree(process);
            metrics.Ended(run.Execution.Id);
        }
    }

    private static ProcessStartInfo Describe(AgentRun run)
    {
        var agent = run.Agent;
        var folder = agent.Folder ?? Directory.GetCurrentDirectory();

        // A relative path with a slash is meant from the file's folder; a bare name is looked for on PATH.
        var arguments = agent.Command.Select(c => c.StartsWith("./", StringComparison.Ordinal) ? Path.GetFullPath(c, folder) : c).ToList();
        var start = new ProcessStartInfo(arguments[0], arguments.Skip(1))
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        start.Environment.Clear();
        foreach (var name in AlwaysPassed.Concat(agent.Environment))
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
                start.Environment[name] = value;
        }

        start.Environment["OSMEN_EXECUTION_ID"] = run.Execution.Id.ToString();
        if (Activity.Current?.Id is { } traceParent)
            start.Environment["TRACEPARENT"] = traceParent;
        return start;
    }

    private static async Task WriteInputAsync(Process process, AgentRun run, CancellationToken cancellationToken)
    {
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            json.WriteString("execution_id"u8, run.Execution.Id);
            json.WriteString("agent"u8, run.Agent.Id);
            json.WriteNumber("attempt"u8, run.Execution.Attempt);
            json.WritePropertyName("input"u8);
            using var input = JsonDocument.Parse(run.Execution.Input);
            input.RootElement.WriteTo(json);
            json.WriteEndObject();
        }

        line.WriteByte((byte)'\n');
        line.Position = 0;
        try
        {
            await line.CopyToAsync(process.StandardInput.BaseStream, cancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It closed its input or has ended: what it wrote and its exit code tell.
        }
    }

    private static async Task<string> ReadErrorsAsync(Stream errors, AgentRun run, CancellationToken cancellationToken)
    {
        var tail = new StringBuilder();
        await foreach (var line in BoundedLines.ReadAsync(errors, cancellationToken))
        {
            tail.Append(line).Append('\n');
            if (tail.Length > StderrKept)
                tail.Remove(0, tail.Length - StderrKept);
            await run.LogAsync(line, cancellationToken, EventLogLevel.Warning);
        }

        return tail.ToString().Trim();
    }

    private async Task MeasureAsync(AgentRun run, int processId, ProcessOutput output, CancellationToken cancellationToken)
    {
        var meter = new ProcessTreeMeter(processId, time);
        var started = time.GetTimestamp();
        using var timer = new PeriodicTimer(SampleEvery, time);
        try
        {
            do
            {
                if (meter.Sample() is not { } sample)
                    continue;
                metrics.Sampled(run.Execution.Id, run.Agent.Id, sample.MemoryBytes, sample.CpuPercent ?? 0);
                await run.Events.WriteAsync(
                        new ExecutionEvent.Metrics(sample.MemoryBytes, sample.CpuPercent, time.GetElapsedTime(started), output.Tokens.Input, output.Tokens.Output, output.CostUsd ?? 0), cancellationToken);
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            // It has ended.
        }
    }

    private static void KillTree(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended by itself.
        }
    }
}
