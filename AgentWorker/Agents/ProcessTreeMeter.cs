using System.Globalization;

namespace OsMEN.AgentWorker.Agents;

/// <summary>Memory and CPU of a process and all its descendants, from /proc; nothing is measured where there is none.</summary>
internal sealed class ProcessTreeMeter(int root, TimeProvider time)
{
    // USER_HZ is 100 on every Linux that .NET runs on; see proc(5).
    private const double TicksPerSecond = 100;

    private long? _lastAt;
    private long _lastTicks;

    /// <summary>Resident bytes now, and percent of one core since the last sample (null at the first).</summary>
    public (long MemoryBytes, double? CpuPercent)? Sample()
    {
        if (!Directory.Exists("/proc/self"))
            return null;
        var (memory, ticks, found) = (0L, 0L, false);
        var processes = ReadAll();
        var tree = new HashSet<int> { root };

        // Parents have lower ids than their children but when ids wrap: then a sample misses some, the next one finds them.
        foreach (var (id, parent, pages, used) in processes.OrderBy(p => p.Id))
        {
            if (id != root && !tree.Contains(parent))
                continue;
            tree.Add(id);
            found = true;
            memory += pages * Environment.SystemPageSize;
            ticks += used;
        }

        if (!found)
            return null;
        var now = time.GetTimestamp();
        double? percent = _lastAt is { } last && time.GetElapsedTime(last, now).TotalSeconds is > 0 and var seconds
            ? Math.Max(ticks - _lastTicks, 0) / TicksPerSecond / seconds * 100
            : null;
        (_lastAt, _lastTicks) = (now, ticks);
        return (memory, percent);
    }

    private static IEnumerable<(int Id, int Parent, long Pages, long Ticks)> ReadAll()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && Read(folder, id) is { } process)
                yield return process;
        }
    }

    private static (int Id, int Parent, long Pages, long Ticks)? Read(string folder, int id)
    {
        try
        {
            // The name in parentheses may hold anything, also parentheses: fields count from the last one.
            var stat = File.ReadAllText(Path.Combine(folder, "stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            long Number(int field) => long.Parse(fields[field - 3], CultureInfo.InvariantCulture);
            return (id, (int)Number(4), Number(24), Number(14) + Number(15));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended meanwhile.
            return null;
        }
    }
}
