using System.Globalization;

namespace OsMEN.LocalHosting.Backing;

/// <summary>Where this machine's PostgreSQL is: on PATH, or where Debian keeps it (the newest).</summary>
internal sealed record PostgresBinaries(string Postgres, string InitDb)
{
    /// <exception cref="DistributedApplicationException">It is not installed.</exception>
    public static PostgresBinaries Find() => Find(Environment.GetEnvironmentVariable("PATH") ?? "", "/usr/lib/postgresql");

    internal static PostgresBinaries Find(string path, string debian)
    {
        var folders = path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).ToList();
        if (Directory.Exists(debian))
        {
            folders.AddRange(Directory.GetDirectories(debian)
                .OrderByDescending(d => int.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0)
                .Select(d => Path.Combine(d, "bin")));
        }

        // Both from one folder: two versions do not work together.
        var found = folders.Find(folder => Executables.In([folder], "postgres") is not null && Executables.In([folder], "initdb") is not null)
            ?? throw new DistributedApplicationException("PostgreSQL is not installed: neither PATH nor /usr/lib/postgresql has postgres and initdb (Debian: apt install postgresql; macOS: brew install postgresql), or use --backing embedded.");
        return new(Executables.In([found], "postgres")!, Executables.In([found], "initdb")!);
    }

    /// <summary>The major version, as a data directory's <c>PG_VERSION</c> has it.</summary>
    public async Task<string> MajorVersionAsync(CancellationToken cancellationToken)
    {
        // "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"
        var (_, output) = await OneShot.RunAsync(Postgres, ["--version"], Path.GetDirectoryName(Postgres)!, cancellationToken);
        var number = output.Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(word => char.IsAsciiDigit(word[0])) ?? "";
        return new string([.. number.TakeWhile(char.IsAsciiDigit)]);
    }
}
