namespace OsMEN.LocalHosting.Backing;

/// <summary>Finds programs.</summary>
internal static class Executables
{
    /// <summary>The first of the names on PATH; null if there is none.</summary>
    public static string? Find(params ReadOnlySpan<string> names)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        foreach (var name in names)
        {
            if (In(folders, name) is { } found)
                return found;
        }

        return null;
    }

    /// <summary>The program in one of the folders; null if it is in none.</summary>
    public static string? In(IEnumerable<string> folders, string name)
    {
        var file = OperatingSystem.IsWindows() ? name + ".exe" : name;
        return folders.Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);
    }

    /// <summary>The <c>dotnet</c> that runs this program, so that what it starts runs on the same.</summary>
    public static string DotNet()
    {
        var root = Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        return In([root], "dotnet") ?? Find("dotnet") ?? throw new DistributedApplicationException("dotnet is not on PATH.");
    }
}
