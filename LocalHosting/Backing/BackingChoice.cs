namespace OsMEN.LocalHosting.Backing;

/// <summary>What runs the servers of the model.</summary>
internal enum BackingKind
{
    /// <summary>Containers where a runtime answers, else embedded.</summary>
    Auto,

    /// <summary>Garnet for Redis and SQLite for PostgreSQL: nothing but the .NET SDK is needed.</summary>
    Embedded,

    /// <summary>The servers as they are installed on this machine.</summary>
    Native,

    /// <summary>Docker or Podman.</summary>
    Container,
}

/// <summary>Reads the choice from the command line, else from the environment.</summary>
internal static class BackingChoice
{
    /// <summary>Where nothing is said.</summary>
    public const BackingKind Default = BackingKind.Auto;

    private const string Allowed = "auto, container, native or embedded";

    /// <exception cref="DistributedApplicationException">The command line holds something else.</exception>
    public static BackingKind Read(IReadOnlyList<string> args, string? environment)
    {
        string? said = null;
        for (var i = 0; i < args.Count; i++)
        {
            if (args[i].StartsWith("--backing=", StringComparison.Ordinal))
                said = args[i]["--backing=".Length..];
            else if (args[i] == "--backing")
                said = ++i < args.Count ? args[i] : throw new DistributedApplicationException($"--backing needs a value: {Allowed}.");
            else
                throw new DistributedApplicationException($"\"{args[i]}\" is not an argument of AppHost; there is --backing {Allowed}.");
        }

        return (said ?? environment)?.ToLowerInvariant() switch
        {
            null or "" => Default,
            "auto" => BackingKind.Auto,
            "embedded" => BackingKind.Embedded,
            "native" => BackingKind.Native,
            "container" => BackingKind.Container,
            var other => throw new DistributedApplicationException($"{(said is null ? "OSMEN_BACKING" : "--backing")} holds \"{other}\"; allowed: {Allowed}."),
        };
    }
}
