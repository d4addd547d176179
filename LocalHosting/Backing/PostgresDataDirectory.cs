using System.Text;
using OsMEN.LocalHosting.Running;

namespace OsMEN.LocalHosting.Backing;

/// <summary>
/// A PostgreSQL data directory of the project's own. It is made beside its place and moved there when it is complete,
/// so what stands in its place was complete once, and what stands beside it never was.
/// </summary>
internal sealed class PostgresDataDirectory(string folder, PostgresBinaries binaries)
{
    public string Path => System.IO.Path.Combine(folder, "data");

    private string Unfinished => Path + ".unfinished";

    /// <exception cref="DistributedApplicationException">What is there can neither be used nor safely be made anew.</exception>
    public async Task EnsureAsync(string password, Action<string> say, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        if (Directory.Exists(Unfinished))
        {
            say("an earlier start was interrupted while it made the data directory: making it anew");
            Directory.Delete(Unfinished, recursive: true);
        }

        if (Directory.Exists(Path) && Directory.EnumerateFileSystemEntries(Path).Any())
            await CheckAsync(cancellationToken);
        else
            await MakeAsync(password, cancellationToken);
        await Unprivileged.OwnAsync(folder, cancellationToken);
    }

    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        var versionFile = System.IO.Path.Combine(Path, "PG_VERSION");
        if (!File.Exists(versionFile) || !File.Exists(System.IO.Path.Combine(Path, "global", "pg_control")))
            throw new DistributedApplicationException($"{Path} is not a complete PostgreSQL data directory: move it away to start with a new one, or restore it.");
        var made = (await File.ReadAllTextAsync(versionFile, cancellationToken)).Trim();
        var here = await binaries.MajorVersionAsync(cancellationToken);
        if (made != here)
            throw new DistributedApplicationException($"{Path} was made by PostgreSQL {made} and {binaries.Postgres} is {here}: upgrade it with pg_upgrade, or move it away to start with a new one.");
    }

    private async Task MakeAsync(string password, CancellationToken cancellationToken)
    {
        if (Directory.Exists(Path))
            Directory.Delete(Path);
        var passwordFile = System.IO.Path.Combine(folder, "password");
        LocalFolder.WritePrivate(passwordFile, Encoding.ASCII.GetBytes(password));
        try
        {
            await Unprivileged.OwnAsync(folder, cancellationToken);
            var (program, arguments) = Unprivileged.Command(
                binaries.InitDb,
                ["-D", Unfinished, "-U", PostgresServerResource.UserName, "-A", "scram-sha-256", $"--pwfile={passwordFile}", "-E", "UTF8", "--no-locale"]);
            var (status, output) = await OneShot.RunAsync(program, arguments, folder, cancellationToken);
            if (status != 0)
                throw new DistributedApplicationException($"initdb could not make {Path}: {OneShot.LastLine(output)}");
            Directory.Move(Unfinished, Path);
        }
        finally
        {
            File.Delete(passwordFile);
        }
    }
}
