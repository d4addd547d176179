using System.Globalization;
using OsMEN.AppHost.Backing;

namespace OsMEN.AppHost.Running;

/// <summary>The process behind a resource instance.</summary>
internal static class ResourceProcess
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(5);

    /// <summary>The instance's process id; null while it has no process.</summary>
    public static int? IdOf(CustomResourceSnapshot snapshot) =>
        snapshot.Properties.FirstOrDefault(p => p.Name == "executable.pid")?.Value is { } value
        && int.TryParse(string.Create(CultureInfo.InvariantCulture, $"{value}"), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
            ? pid
            : null;

    /// <summary>Sends a signal, such as TERM. Not on Windows.</summary>
    /// <returns>Null, or why it could not be sent.</returns>
    public static string? Signal(int pid, string signal) =>
        Programs.Run("kill", ["-s", signal, pid.ToString(CultureInfo.InvariantCulture)], TimeLimit) is (0, _) ? null : $"The process {pid} cannot be signalled.";
}
