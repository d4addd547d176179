namespace OsMEN.LocalHosting.Backing;

/// <summary>Native servers never run as root (PostgreSQL refuses to): when AppHost does, they run as another user.</summary>
internal static class Unprivileged
{
    private static readonly string? s_user = Environment.IsPrivilegedProcess && !OperatingSystem.IsWindows() ? FindUser() : null;

    /// <summary>The program and arguments that run this one as the other user; the same ones when AppHost is not root.</summary>
    /// <exception cref="DistributedApplicationException">There is no user to run as, or no program to become it.</exception>
    public static (string Program, IReadOnlyList<string> Arguments) Command(string program, IReadOnlyList<string> arguments)
    {
        if (!Environment.IsPrivilegedProcess || OperatingSystem.IsWindows())
            return (program, arguments);
        var user = s_user ?? throw new DistributedApplicationException("native servers do not run as root, and there is no user postgres or nobody to run them as: start AppHost as another user.");
        if (Executables.Find("setpriv") is { } setpriv)
            return (setpriv, ["--reuid", user, "--regid", user == "nobody" ? Group() : user, "--clear-groups", program, .. arguments]);
        return Executables.Find("runuser") is { } runuser
            ? (runuser, ["-u", user, "--", program, .. arguments])
            : throw new DistributedApplicationException("native servers do not run as root, and neither setpriv nor runuser (util-linux) is here to become another user: start AppHost as another user.");
    }

    /// <summary>Gives a folder and all in it to the user that servers run as, and makes sure that it can get there.</summary>
    public static async Task OwnAsync(string folder, CancellationToken cancellationToken)
    {
        if (s_user is null || OperatingSystem.IsWindows())
            return;
        for (var above = Directory.GetParent(folder); above is not null; above = above.Parent)
        {
            if ((File.GetUnixFileMode(above.FullName) & UnixFileMode.OtherExecute) == UnixFileMode.None)
                throw new DistributedApplicationException($"native servers do not run as root but as {s_user}, which cannot enter {above.FullName}: start AppHost as another user, or move the project out of there.");
        }

        var (status, output) = await OneShot.RunAsync("chown", ["-R", $"{s_user}:", folder], folder, cancellationToken);
        if (status != 0)
            throw new DistributedApplicationException($"{folder} cannot be given to {s_user}: {OneShot.LastLine(output)}");
    }

    private static string Group() => Users("/etc/group").Contains("nogroup") ? "nogroup" : "nobody";

    private static string? FindUser()
    {
        var users = Users("/etc/passwd");
        return new[] { "postgres", "nobody" }.FirstOrDefault(users.Contains);
    }

    private static HashSet<string> Users(string file) =>
        File.Exists(file) ? [.. File.ReadLines(file).Select(line => line.Split(':')[0])] : [];
}
