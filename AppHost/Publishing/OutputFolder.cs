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
            var subfolders = files.Keys.Select(name => name.Split('/')).Where(parts => parts.Length > 1).Select(parts => parts[0]);
            foreach (var subfolder in subfolders.Distinct().Select(name => Path.Combine(folder, name)).Where(Directory.Exists))
            {
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
