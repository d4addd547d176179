using System.Globalization;

namespace OsMEN.ServiceDefaults.Health;

/// <summary>
/// How much memory the process may have before the kernel ends it. The runtime's own number is not that: in a container it is the part
/// that the garbage collector allows itself.
/// </summary>
internal static class MemoryLimit
{
    private static readonly string[] Files = ["memory.max", Path.Combine("memory", "memory.limit_in_bytes")];

    /// <summary>The control group's limit, else the memory that the runtime sees.</summary>
    /// <param name="controlGroup">Where the process's own control group is mounted in a container, of version 2 or 1.</param>
    public static long Bytes(string controlGroup = "/sys/fs/cgroup")
    {
        var machine = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        foreach (var file in Files)
        {
            // "max", or in version 1 a number larger than any machine, is no limit.
            if (TryRead(Path.Combine(controlGroup, file)) is { } limit && limit < 1L << 53) return limit;
        }
        return machine;
    }

    private static long? TryRead(string file)
    {
        try
        {
            return long.TryParse(File.ReadAllText(file), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var bytes) && bytes > 0 ? bytes : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
