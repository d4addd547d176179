namespace OsMEN.AppHost.Backing;

/// <summary>Native servers never run as root (PostgreSQL refuses to): where AppHost does, they run as another user.</summary>
internal static class Unprivileged
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(30);

    private static readonly string? User = Environment.IsPrivilegedProcess && !OperatingSystem.IsWindows()
        ? new[] { "postgres", "nobody" }.FirstOrDefault(NamesIn("/etc/passwd").Contains)
        : null;

    /// <summary>The program and arguments that run a program as the other user; the same ones where AppHost isn't root.</summary>
    /// <exception cref="DistributedApplicationException">The machine has no user to run as, or no program that changes the user.</exception>
    public static (string Program, IReadOnlyList<string> Arguments) Command(string program, IReadOnlyList<string> arguments)
    {
        if (!Environment.IsPrivilegedProcess || OperatingSystem.IsWindows())
            return (program, arguments);
        if (User is null)
            throw new DistributedApplicationException("native servers do not run as root, and this machine has neither a user postgres nor nobody. Start AppHost as another user.");
        var setpriv = Programs.Find("setpriv") ?? throw new DistributedApplicationException(
            "native servers do not run as root, and setpriv (util-linux) is not on PATH to change the user. Start AppHost as another user.");
        var group = User == "postgres" || !NamesIn("/etc/group").Contains("nogroup") ? User : "nogroup";
        return (setpriv, ["--reuid", User, "--regid", group, "--clear-groups", program, .. arguments]);
    }

    /// <summary>Gives a folder and its contents to the user that servers run as.</summary>
    /// <exception cref="DistributedApplicationException">That user cannot reach the folder, or the owner cannot be changed.</exception>
    public static void Own(string folder)
    {
        if (User is null || OperatingSystem.IsWindows())
            return;
        for (var above = Directory.GetParent(folder); above is not null; above = above.Parent)
        {
            if ((File.GetUnixFileMode(above.FullName) & UnixFileMode.OtherExecute) == UnixFileMode.None)
            {
                throw new DistributedApplicationException(
                    $"native servers do not run as root but as {User}, and {User} cannot enter {above.FullName}. Start AppHost as another user, or pass --data with a folder that {User} can reach.");
            }
        }

        if (Programs.Run("chown", ["-R", $"{User}:", folder], TimeLimit) is not (0, _) and var (_, output))
            throw new DistributedApplicationException($"the owner of {folder} cannot be changed to {User}: {output.Trim()}");
    }

    private static HashSet<string> NamesIn(string file) => File.Exists(file) ? [.. File.ReadLines(file).Select(line => line.Split(':')[0])] : [];
}
