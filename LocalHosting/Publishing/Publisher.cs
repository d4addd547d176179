namespace OsMEN.LocalHosting.Publishing;

/// <summary>Writes a model out to be run elsewhere.</summary>
internal static class Publisher
{
    /// <exception cref="DistributedApplicationException">Something of the model cannot be written, or the output cannot.</exception>
    public static async Task PublishAsync(PublishArguments arguments, string appHostDirectory, IReadOnlyList<IResource> resources, CancellationToken cancellationToken)
    {
        var model = await PublishedModel.ReadAsync(resources, Path.GetDirectoryName(appHostDirectory)!, cancellationToken);
        IReadOnlyDictionary<string, string> files = arguments.Publisher switch
        {
            "manifest" => new Dictionary<string, string>(StringComparer.Ordinal)
            {
                [Path.GetFileName(arguments.OutputPath)] = ManifestPublisher.Write(model, Path.GetDirectoryName(arguments.OutputPath)!),
            },
            "compose" => ComposePublisher.Write(model, arguments.OutputPath),
            _ => HelmPublisher.Write(model),
        };
        var folder = arguments.Publisher == "manifest" ? Path.GetDirectoryName(arguments.OutputPath)! : arguments.OutputPath;
        try
        {
            foreach (var (name, content) in files)
            {
                var path = Path.Combine(folder, name);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                await File.WriteAllTextAsync(path, content, cancellationToken);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DistributedApplicationException($"{folder} cannot be written: {error.Message}", error);
        }

        await Console.Out.WriteLineAsync($"Published {arguments.Publisher} to {arguments.OutputPath}");
    }
}
