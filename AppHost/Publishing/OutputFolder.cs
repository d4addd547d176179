namespace OsMEN.AppHost.Publishing;

/// <summary>Writes what a step generates.</summary>
internal static class OutputFolder
{
    /// <summary>Writes files by their relative paths. Subfolders that they are in are replaced whole; other files stay.</summary>
    /// <exception cref="DistributedApplicationException">The folder cannot be written.</exception>
    public static async Task WriteAsync(string folder, IReadOnlyDictionary<string, string> files, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var subfolder in files.Keys.Where(name => name.Contains('/', StringComparison.Ordinal)).Select(name => Path.Combine(folder, name[..name.IndexOf('/', StringComparison.Ordinal)])).Distinct())
            {
                if (Directory.Exists(subfolder))
                    Directory.Delete(subfolder, recursive: true);
            }

            foreach (var (name, content) in files)
            {
                var path = Path.Combine(folder, name);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                await File.WriteAllTextAsync(path, content, cancellationToken);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DistributedApplicationException($"{folder} cannot be written: {e.Message} Name another folder by --output-path.", e);
        }
    }
}
