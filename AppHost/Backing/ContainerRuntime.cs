namespace OsMEN.AppHost.Backing;

/// <summary>Asks whether a container runtime answers. Aspire has no public API for it.</summary>
internal static class ContainerRuntime
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(10);

    /// <summary>Whether the runtime named by <c>ASPIRE_CONTAINER_RUNTIME</c>, else Docker, else Podman answers; if not, why.</summary>
    public static (bool Answers, string Reason) Find()
    {
        var reasons = new List<string>();
        string[] names = Environment.GetEnvironmentVariable("ASPIRE_CONTAINER_RUNTIME") is { Length: > 0 } chosen ? [chosen] : ["docker", "podman"];
        foreach (var name in names)
        {
            if (Programs.Find(name) is not { } program)
            {
                reasons.Add($"{name} is not on PATH");
                continue;
            }

            // Asks the daemon, which "docker --version" does not.
            var (status, output) = Programs.Run(program, ["ps", "--quiet", "--last", "1"], TimeLimit);
            switch (status)
            {
                case 0:
                    return (true, "");
                case null:
                    reasons.Add($"{name} does not answer within {TimeLimit.TotalSeconds:0} s");
                    break;
                default:
                    reasons.Add($"{name} says: {output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault()}");
                    break;
            }
        }

        return (false, string.Join("; ", reasons));
    }
}
