using System.Globalization;
using System.Text;

namespace OsMEN.LocalHosting.Running;

/// <summary>One AppHost a folder: a lock of the operating system's, which goes with the process whatever ends it.</summary>
internal sealed class HostLock : IDisposable
{
    // What a lock held by another process is, on each system.
    private const int WouldBlockLinux = 11;
    private const int WouldBlockMac = 35;
    private const int SharingViolationWindows = unchecked((int)0x80070020);

    private readonly FileStream _file;
    private readonly string _pidFile;

    private HostLock(FileStream file, string pidFile)
    {
        _file = file;
        _pidFile = pidFile;
    }

    /// <exception cref="DistributedApplicationException">Another AppHost runs in the folder, or the folder cannot be written.</exception>
    public static HostLock Take(LocalFolder folder)
    {
        // Who holds it stands beside it: a locked file cannot be read.
        var pidFile = Path.ChangeExtension(folder.Lock, ".pid");
        try
        {
            LocalFolder.CreatePrivate(folder.Root);
            var file = new FileStream(folder.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            LocalFolder.WritePrivate(pidFile, Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            return new(file, pidFile);
        }
        catch (IOException held) when (held.HResult is WouldBlockLinux or WouldBlockMac or SharingViolationWindows)
        {
            throw new DistributedApplicationException($"another AppHost{Holder(pidFile)} runs in {folder.SolutionDirectory}: stop it first.", held);
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            throw new DistributedApplicationException($"{folder.Root} cannot be written: {denied.Message}", denied);
        }
    }

    public void Dispose()
    {
        File.Delete(_pidFile);
        _file.Dispose();
    }

    private static string Holder(string pidFile)
    {
        try
        {
            return int.TryParse(File.ReadAllText(pidFile), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                ? string.Create(CultureInfo.InvariantCulture, $" (process {pid})")
                : "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
