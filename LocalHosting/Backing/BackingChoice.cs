namespace OsMEN.LocalHosting.Backing;

/// <summary>What runs the servers of the model.</summary>
internal enum BackingKind
{
    /// <summary>Garnet for Redis and SQLite for PostgreSQL: nothing but the .NET SDK is needed.</summary>
    Embedded,

    /// <summary>PostgreSQL and Redis as they are installed on this machine.</summary>
    Native,
}

/// <summary>Reads the choice from the command line, else from the environment.</summary>
internal static class BackingChoice
{
    private const string Allowed = "auto, embedded or native";

    /// <exception cref="DistributedApplicationException">The command line holds something else, or a backing that there is not.</exception>
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

        var source = said is null ? "OSMEN_BACKING" : "--backing";
        return (said ?? environment)?.ToLowerInvariant() switch
        {
            // Containers come first in "auto" where their runtime is supported; it is not here.
            null or "" or "auto" or "embedded" => BackingKind.Embedded,
            "native" => BackingKind.Native,
            "container" => throw new DistributedApplicationException(
                $"{source} container is not supported in this form of hosting: use embedded (nothing to install), native (PostgreSQL and Redis of this machine), or Aspire's packages (UseAspirePackages=true)."),
            var other => throw new DistributedApplicationException($"{source} holds \"{other}\"; allowed: {Allowed}."),
        };
    }
}
