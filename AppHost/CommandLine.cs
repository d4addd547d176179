namespace OsMEN.AppHost;

/// <summary>Refuses options that nothing reads. Aspire takes every argument for a setting, so a misspelled one would be ignored.</summary>
internal static class CommandLine
{
    /// <exception cref="DistributedApplicationException">An option is not known.</exception>
    public static void Check(IReadOnlyList<string> args)
    {
        // Publishing has options of Aspire's own.
        if (args.Any(a => a is "--operation" or "--publisher"))
            return;
        foreach (var arg in args.Where(a => a.StartsWith("--", StringComparison.Ordinal)))
        {
            var name = arg[2..].Split('=')[0];
            if (name is not ("backing" or "data" or "environment") && !name.Contains(':', StringComparison.Ordinal))
                throw new DistributedApplicationException($"\"--{name}\" is not an option of AppHost. Options: --backing auto|container|native|embedded, --data FOLDER.");
        }
    }
}
