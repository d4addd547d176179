using System.Globalization;

namespace OsMEN.Tests.Infrastructure;

/// <summary>A file system in memory that is really full when its bytes are used up. Only root can mount one.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string folder) => Folder = folder;

    public string Folder { get; }

    private string Filler => Path.Combine(Folder, "filler");

    public static async Task<SmallDisk> MountAsync(int megabytes)
    {
        Programs.NeedRoot();
        var folder = Directory.CreateTempSubdirectory("osmen-disk-").FullName;
        await Programs.RunAsync("mount", "-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={megabytes}m,mode=0777"), "osmen-test", folder);
        return new SmallDisk(folder);
    }

    /// <summary>Uses up all space that is left.</summary>
    public void Fill()
    {
        using var file = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        try
        {
            while (true)
                file.Write(new byte[4096]);
        }
        catch (IOException)
        {
            // Full.
        }
    }

    /// <summary>Gives the space back.</summary>
    public void Empty() => File.Delete(Filler);

    public async ValueTask DisposeAsync()
    {
        // Lazily: a pooled connection may still have a file open.
        await Programs.RunAsync("umount", "--lazy", Folder);
        Directory.Delete(Folder);
    }
}
