using System.Security.Cryptography;
using System.Text;
using OsMEN.AppHost.Backing;

namespace OsMEN.AppHost.Running;

/// <summary>Where a run keeps its data: <c>.osmen</c> beside the solution, or the folder that <c>--data</c> names.</summary>
internal static class DataFolder
{
    /// <summary>The folder of the run, created when it is first asked for.</summary>
    /// <exception cref="DistributedApplicationException">The folder cannot be created.</exception>
    public static string Root(this IDistributedApplicationBuilder builder) =>
        Create(Path.GetFullPath(Path.Combine(builder.AppHostDirectory, "..", builder.Configuration["data"] is { Length: > 0 } data ? Path.GetFullPath(data) : ".osmen")));

    /// <summary>The folder of the chosen backing's data.</summary>
    /// <exception cref="DistributedApplicationException">The folder cannot be created.</exception>
    public static string BackingFolder(this IDistributedApplicationBuilder builder) => Create(Path.Combine(builder.Root(), NameOf(builder.Backing())));

    /// <summary>The folder name of a backing.</summary>
    public static string NameOf(BackingKind kind) => kind.ToString().ToLowerInvariant();

    /// <summary>The name of a container's volume: published as it is; on a developer's machine each data folder has its own volumes.</summary>
    public static string VolumeName(this IDistributedApplicationBuilder builder, string name) =>
        builder.ExecutionContext.IsPublishMode ? name : $"osmen-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(builder.Root())))[..8]}-{name}";

    /// <summary>Writes a file that only its owner may read, in one step: a reader sees the old content or the new one.</summary>
    public static void WritePrivate(string path, ReadOnlySpan<byte> content)
    {
        var next = path + ".new";
        File.Delete(next);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(next, options))
            file.Write(content);
        File.Move(next, path, overwrite: true);
    }

    private static string Create(string folder)
    {
        try
        {
            return Directory.CreateDirectory(folder).FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DistributedApplicationException($"the data folder {folder} cannot be created: {e.Message}. Pass --data with a folder that can be written.", e);
        }
    }
}
