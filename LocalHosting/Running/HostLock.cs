using System.Globalization;
using System.Text;

namespace OsMEN.LocalHosting.Running;

/// <summary>One AppHost a folder: a lock of the operating system's, which goes with the process whatever ends it.</summary>
internal sealed class HostLock : IDisposable
{
    private readonly FileStream _file;

    private HostLock(FileStream file) => _file = file;

    /// <exception cref="DistributedApplicationException">Another AppHost runs in the folder.</exception>
    public static HostLock Take(LocalFolder folder)
    {
        LocalFolder.CreatePrivate(folder.Root);
        FileStream file;
        try
        {
            file = new FileStream(folder.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException held)
        {
            throw new DistributedApplicationException($"another AppHost{Holder(folder.Lock)} runs in {folder.SolutionDirectory}: stop it first.", held);
        }

        file.SetLength(0);
        file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
        file.Flush();
        return new(file);
    }

    public void Dispose() => _file.Dispose();

    private static string Holder(string path)
    {
        try
        {
            using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            return int.TryParse(reader.ReadToEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                ? string.Create(CultureInfo.InvariantCulture, $" (process {pid})")
                : "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
