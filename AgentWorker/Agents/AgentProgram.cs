using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using OsMEN.AgentWorker.Metrics;
using OsMEN.Executions;

namespace OsMEN.AgentWorker.Agents;

/// <summary>
/// One program that an agent is: it reads one JSON line and writes JSON lines (docs/process-agents.md), its memory and CPU are
/// measured, and it ends with its whole tree when the execution is stopped or the worker dies.
/// </summary>
internal sealed class AgentProgram(AgentRun run, ProcessStartInfo start, ProgramLauncher launcher, ProcessMetrics metrics, TimeProvider time)
{
    public const string ExecutionId = "OSMEN_EXECUTION_ID";
    public const string TraceParent = "TRACEPARENT";

    private const int StderrKept = 2000;

    private static readonly TimeSpan SampleEvery = TimeSpan.FromSeconds(1);

    /// <summary>The process whose tree is measured; null measures nothing. The program itself, unless it only stands for another.</summary>
    public Func<Process, CancellationToken, Task<int?>> Measured { get; init; } = (process, _) => Task.FromResult<int?>(process.Id);

    /// <summary>Names of the worker's variables that the program gets beside those that every program and the agent's file name.</summary>
    public string[] Passed { get; init; } = [];

    /// <summary>Whether the program is the worker's own tool rather than the agent. See <see cref="ProgramLauncher"/>.</summary>
    public bool IsTrusted { get; init; }

    /// <summary>Ends what killing the program's tree does not.</summary>
    public Func<Task> Kill { get; init; } = () => Task.CompletedTask;

    /// <summary>Runs it to its end.</summary>
    public async Task<AgentOutcome> RunAsync(CancellationToken cancellationToken)
    {
        Describe();
        using var process = new Process { StartInfo = start };
        try
        {
            await launcher.StartAsync(process, IsTrusted);
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
            var samples = MeasureAsync(process, output, measuring.Token);
            var errors = ReadErrorsAsync(process.StandardError.BaseStream, cancellationToken);
            await WriteInputAsync(process, cancellationToken);
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
            await Kill();
            metrics.Ended(run.Execution.Id);
        }
    }

    private void Describe()
    {
        ProgramLauncher.PassVariables(start, Passed.Concat(run.Agent.Environment));
        start.Environment[ExecutionId] = run.Execution.Id.ToString();
        if (Activity.Current?.Id is { } traceParent)
            start.Environment[TraceParent] = traceParent;
    }

    private async Task WriteInputAsync(Process process, CancellationToken cancellationToken)
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

    private async Task<string> ReadErrorsAsync(Stream errors, CancellationToken cancellationToken)
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

    private async Task MeasureAsync(Process process, ProcessOutput output, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        using var timer = new PeriodicTimer(SampleEvery, time);
        try
        {
            if (await Measured(process, cancellationToken) is not { } root)
                return;
            var meter = new ProcessTreeMeter(root, time);
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
