using System.Globalization;
using System.Runtime.InteropServices;

namespace OsMEN.Bench;

/// <summary>What the figures were measured on.</summary>
internal static class Machine
{
    public static string Describe(string arguments)
    {
        var cpu = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim()
            : null;
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1L << 30);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            # Benchmarks

            Written by `dotnet run -c Release --project bench -- {arguments}`; AGENTS.md says how to run single ones. Servers, gateway,
            worker and load share the machine: {Environment.ProcessorCount} cores ({cpu ?? "unknown"}), {memory} GiB, {RuntimeInformation.OSDescription},
            {RuntimeInformation.FrameworkDescription}; {TimeProvider.System.GetUtcNow():yyyy-MM-dd}. PostgreSQL with its durable defaults and
            256 MB of shared buffers; Redis without persistence; SQLite with `synchronous=FULL`.


            """);
    }
}
