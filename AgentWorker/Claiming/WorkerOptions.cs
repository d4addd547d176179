using System.ComponentModel.DataAnnotations;

namespace OsMEN.AgentWorker.Claiming;

/// <summary>How much a worker takes on. Configuration section <c>Worker</c> (<c>Worker__Slots=…</c> in the environment).</summary>
public sealed class WorkerOptions
{
    public const string Section = "Worker";

    /// <summary>Most executions at once. Default 64: agents mostly wait for a model.</summary>
    [Range(1, 10_000)]
    public int Slots { get; set; } = 64;

    /// <summary>How long running executions may take to end when the worker stops, before they go back to the queue. Default 20 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(20);
}
