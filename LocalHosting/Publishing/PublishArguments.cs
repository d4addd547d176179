namespace OsMEN.LocalHosting.Publishing;

/// <summary>What to write, and where.</summary>
/// <param name="Publisher">manifest, compose or helm.</param>
/// <param name="OutputPath">The manifest's file, or the folder of the others, as an absolute path.</param>
internal sealed record PublishArguments(string Publisher, string OutputPath)
{
    private const string Usage = "--publisher manifest|compose|helm --output-path P";

    /// <summary>Whether the command line asks to publish instead of to run.</summary>
    public static bool Asked(IReadOnlyList<string> args) =>
        args.Any(a => a is "--publisher" or "--operation" || a.StartsWith("--publisher=", StringComparison.Ordinal) || a.StartsWith("--operation=", StringComparison.Ordinal));

    /// <summary>Reads them as Aspire does: a relative path is relative to AppHost's folder, <c>--operation publish --step publish-manifest</c> is the manifest.</summary>
    /// <exception cref="DistributedApplicationException">They are not understood.</exception>
    public static PublishArguments Read(IReadOnlyList<string> args, string appHostDirectory)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < args.Count; i++)
        {
            var parts = args[i].Split('=', 2);
            if (parts[0] is not ("--publisher" or "--output-path" or "--operation" or "--step"))
                throw new DistributedApplicationException($"\"{args[i]}\" is not an argument of a publisher; there is {Usage}.");
            given[parts[0]] = parts.Length == 2 ? parts[1] : ++i < args.Count ? args[i] : throw new DistributedApplicationException($"{parts[0]} needs a value: {Usage}.");
        }

        if (given.TryGetValue("--operation", out var operation) && operation != "publish")
            throw new DistributedApplicationException($"--operation holds \"{operation}\"; allowed: publish.");
        if (given.TryGetValue("--step", out var step) && step != "publish-manifest")
            throw new DistributedApplicationException($"--step holds \"{step}\"; allowed: publish-manifest.");
        var publisher = given.GetValueOrDefault("--publisher", step is null ? "" : "manifest");
        if (publisher is not ("manifest" or "compose" or "helm"))
            throw new DistributedApplicationException($"--publisher holds \"{publisher}\"; allowed: manifest, compose, helm.");
        return given.GetValueOrDefault("--output-path") is { Length: > 0 } path
            ? new(publisher, Path.GetFullPath(path, appHostDirectory))
            : throw new DistributedApplicationException($"--output-path is missing: {Usage}.");
    }
}
