using Aspire.Hosting;

namespace OsMEN.Hosting.Monitoring.Servers;

/// <summary>Files that a server reads, possibly as another user or in a container. Everyone may read them, unless they are secret.</summary>
internal static class ServerFiles
{
    private const UnixFileMode Folder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode Public = Private | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Creates a folder that everyone may enter and list, whatever the process's umask is.</summary>
    public static string CreateFolder(string path)
    {
        Directory.CreateDirectory(path);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, Folder);
        return path;
    }

    /// <summary>Replaces a file in one step: a reader sees the old content or the new one.</summary>
    public static Task WriteAsync(string path, string content, CancellationToken cancellationToken) =>
        WriteAsync(path, content, Public, cancellationToken);

    /// <summary>As <see cref="WriteAsync(string, string, CancellationToken)"/>, for a file that only its owner may read.</summary>
    public static Task WriteSecretAsync(string path, string content, CancellationToken cancellationToken) =>
        WriteAsync(path, content, Private, cancellationToken);

    /// <summary>
    /// Makes <paramref name="target"/> contain the files of <paramref name="source"/> that match one of the patterns, and no others.
    /// </summary>
    /// <exception cref="DistributedApplicationException"><paramref name="source"/> does not exist.</exception>
    public static async Task CopyAsync(string source, string target, IReadOnlyList<string> patterns, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(source))
            throw new DistributedApplicationException($"The folder {source} does not exist.");
        CreateFolder(target);
        var files = patterns
            .SelectMany(pattern => Directory.EnumerateFiles(source, pattern))
            .ToDictionary(f => Path.GetFileName(f)!, StringComparer.Ordinal);
        foreach (var old in Directory.EnumerateFiles(target).Where(f => !files.ContainsKey(Path.GetFileName(f))))
            File.Delete(old);
        foreach (var (name, file) in files)
            await WriteAsync(Path.Combine(target, name), await File.ReadAllTextAsync(file, cancellationToken), cancellationToken);
    }

    private static async Task WriteAsync(string path, string content, UnixFileMode mode, CancellationToken cancellationToken)
    {
        // A name that no pattern of a server's configuration matches.
        var next = path + ".new";
        File.Delete(next);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = Private;
        await using (var file = new StreamWriter(next, options))
            await file.WriteAsync(content.AsMemory(), cancellationToken);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(next, mode);
        File.Move(next, path, overwrite: true);
    }
}
