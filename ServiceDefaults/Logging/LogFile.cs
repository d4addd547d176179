using System.Globalization;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.ServiceDefaults.Logging;

/// <summary>
/// The path of this process's log file. Replicas of a service get the same setting: where another process has <c>name.log</c>, this one
/// writes <c>name-2.log</c>, and so on. Serilog would take the next number of the other's files and delete them by its own count.
/// </summary>
internal sealed class LogFile : IDisposable
{
    private const int MostProcesses = 64;

    private readonly FileStream _claim;

    private LogFile(string path, FileStream claim) => (Path, _claim) = (path, claim);

    public string Path { get; }

    /// <exception cref="ConfigurationException">The path cannot be written.</exception>
    public static LogFile Claim(string path)
    {
        try
        {
            var full = System.IO.Path.GetFullPath(path);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!);
            for (var n = 1; ; n++)
            {
                var candidate = n == 1 ? full : System.IO.Path.ChangeExtension(full, null) + string.Create(CultureInfo.InvariantCulture, $"-{n}{System.IO.Path.GetExtension(full)}");
                try
                {
                    return new(candidate, new(candidate + ".lock", FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose));
                }
                catch (IOException) when (n < MostProcesses)
                {
                    // Another process has it.
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ConfigurationException("LOG_FILE", path, "a path that this process can write");
        }
    }

    public void Dispose() => _claim.Dispose();
}
