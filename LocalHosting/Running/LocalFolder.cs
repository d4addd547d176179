namespace OsMEN.LocalHosting.Running;

/// <summary>Where a running application keeps what is its own: <c>.osmen</c> beside the solution, or in a test a folder of the test's.</summary>
internal sealed class LocalFolder(string solutionDirectory, string root, bool isTemporary = false)
{
    public string SolutionDirectory => solutionDirectory;

    public string Root => root;

    /// <summary>Whether nothing of it is kept.</summary>
    public bool IsTemporary => isTemporary;

    public string Data => Path.Combine(Root, "data");

    public string Logs => Path.Combine(Root, "logs");

    public string Native => Path.Combine(Root, "native");

    public string RunFile => Path.Combine(Root, "run.json");

    public string Lock => Path.Combine(Root, "apphost.lock");

    public string Secrets => Path.Combine(Root, "secrets.json");

    public string ToolManifest => Path.Combine(SolutionDirectory, ".config", "dotnet-tools.json");

    /// <summary>The folder of the solution that AppHost belongs to; AppHost's own where there is none above.</summary>
    /// <param name="appHostDirectory">AppHost's folder.</param>
    /// <param name="root">Where to keep what is the application's own, if not in <c>.osmen</c> there.</param>
    public static LocalFolder Of(string appHostDirectory, string? root = null)
    {
        var solution = SolutionOf(appHostDirectory);
        return new(solution, root ?? Path.Combine(solution, ".osmen"), isTemporary: root is not null);
    }


    private static string SolutionOf(string appHostDirectory)
    {
        for (var folder = new DirectoryInfo(appHostDirectory); folder is not null; folder = folder.Parent)
        {
            if (folder.Exists && folder.EnumerateFiles("*.sln").Any())
                return folder.FullName;
        }

        return Path.GetFullPath(appHostDirectory);
    }

    /// <summary>Makes a folder that only its owner may enter.</summary>
    public static void CreatePrivate(string folder)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Writes a file that only its owner may read, at once: a reader sees the old one or the new one.</summary>
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
}
