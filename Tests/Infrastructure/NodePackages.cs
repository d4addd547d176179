namespace OsMEN.Tests.Infrastructure;

/// <summary>Installs what a test's script needs from the npm registry, by its lock file, into a folder of its own.</summary>
internal static class NodePackages
{
    /// <summary>A folder with the test's files and its packages, for the caller to delete.</summary>
    /// <param name="files">Name of the folder beside the tests that has <c>package.json</c>, its lock file and the script.</param>
    public static async Task<string> InstallAsync(string files)
    {
        var npm = Programs.Need("npm", "npm");
        var folder = Directory.CreateTempSubdirectory($"osmen-{files}-").FullName;
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, files)))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        try
        {
            await Programs.RunAsync(npm, "ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund");
            return folder;
        }
        catch (InvalidOperationException e) when (Environment.GetEnvironmentVariable("CI") != "true")
        {
            Directory.Delete(folder, recursive: true);
            Assert.Skip($"The packages of {files} could not be installed: {e.Message}");
            throw;
        }
    }
}
