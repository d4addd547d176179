namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>The process itself, where .NET's own metrics have no number.</summary>
public static partial class MetricCatalog
{
    public static MetricDefinition MemoryLimit { get; } = new("memory_limit_bytes", MetricKind.Gauge, "By", "What this process's container, else its machine, lets it have: the whole of dotnet_process_memory_working_set_bytes's share.");
}
