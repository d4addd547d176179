using System.Globalization;
using System.Text;

namespace OsMEN.AppHost.Running;

/// <summary>One AppHost at a time for a data folder: a lock of the operating system, which goes with the process however it dies.</summary>
internal sealed class RunLock : IDisposable
{
    private readonly FileStream _file;
    private readonly string _pidFile;

    private RunLock(FileStream file, string pidFile)
    {
        _file = file;
        _pidFile = pidFile;
    }

    /// <exception cref="DistributedApplicationException">Another AppHost uses the folder, or the folder cannot be written.</exception>
    public static RunLock Take(string folder)
    {
        // The process id is in a second file, since a locked one cannot be read.
        var (lockFile, pidFile) = (Path.Combine(folder, "apphost.lock"), Path.Combine(folder, "apphost.pid"));
        FileStream file;
        try
        {
            file = new FileStream(lockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException) && IsLocked(e))
        {
            throw new DistributedApplicationException($"another AppHost{HolderOf(pidFile)} uses {folder}. Stop it first, or pass --data with another folder.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(folder, e);
        }

        try
        {
            DataFolder.WritePrivate(pidFile, Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            return new(file, pidFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file.Dispose();
            throw Unwritable(folder, e);
        }
    }

    public void Dispose()
    {
        File.Delete(_pidFile);
        _file.Dispose();
    }

    // EWOULDBLOCK on Linux and macOS, ERROR_SHARING_VIOLATION on Windows.
    private static bool IsLocked(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);

    private static DistributedApplicationException Unwritable(string folder, Exception e) =>
        new($"the data folder {folder} cannot be written: {e.Message} Free some space or correct its permissions, or pass --data with another folder.", e);

    private static string HolderOf(string pidFile)
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
