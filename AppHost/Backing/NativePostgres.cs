using System.Globalization;
using System.Security.Cryptography;
using OsMEN.AppHost.Running;

namespace OsMEN.AppHost.Backing;

/// <summary>
/// The PostgreSQL of this machine on a data directory that belongs to the project. The directory is created under another name and
/// renamed when it is complete, so an interrupted first start leaves nothing that looks complete.
/// </summary>
internal sealed class NativePostgres
{
    public const string User = "postgres";

    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(2);

    /// <summary>Finds PostgreSQL and creates the data directory where there is none.</summary>
    /// <param name="folder">The folder for the data directory and the password.</param>
    /// <exception cref="DistributedApplicationException">PostgreSQL is not installed, or the data directory can be neither used nor created.</exception>
    public NativePostgres(string folder)
    {
        Folder = folder;
        Directory.CreateDirectory(folder);
        var bin = FindBinaries(Environment.GetEnvironmentVariable("PATH") ?? "", "/usr/lib/postgresql");
        Unprivileged.Own(folder);
        Password = EnsureData(bin);
        var (command, arguments) = Unprivileged.Command(
            Path.Combine(bin, "postgres"),
            [
                "-D", Data, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200",
                "-c", "logging_collector=off", "-c", "log_timezone=UTC",
            ]);
        (Command, Arguments) = WithFastStop(command, arguments);
    }

    public string Folder { get; }

    public string Password { get; }

    public string Command { get; }

    public IReadOnlyList<string> Arguments { get; }

    public string Data => Path.Combine(Folder, "data");

    private string PasswordFile => Path.Combine(Folder, "password");

    /// <summary>The folder of <c>postgres</c> and <c>initdb</c>: the first of PATH, else the newest that Debian installed.</summary>
    internal static string FindBinaries(string path, string debian)
    {
        var folders = path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).ToList();
        if (Directory.Exists(debian))
        {
            folders.AddRange(Directory.GetDirectories(debian)
                .OrderByDescending(d => int.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0)
                .Select(d => Path.Combine(d, "bin")));
        }

        // Both from one folder: two versions do not work together.
        return folders.Find(f => Programs.FindIn([f], "postgres") is not null && Programs.FindIn([f], "initdb") is not null)
            ?? throw new DistributedApplicationException(
                "PostgreSQL is not installed: neither PATH nor /usr/lib/postgresql has postgres and initdb. Install it (Debian: apt install postgresql; macOS: brew install postgresql), or use --backing embedded.");
    }

    // PostgreSQL's answer to SIGTERM, with which Aspire stops a process, is to wait for every client to leave. A shell turns it into SIGINT,
    // the fast stop. Should the shell itself be killed, the server gets that signal too. When the server was killed, its children may stay, and
    // Aspire waits for those to close the output; so the shell kills them, which are the processes in the data directory.
    private (string Command, IReadOnlyList<string> Arguments) WithFastStop(string command, IReadOnlyList<string> arguments)
    {
        if (!OperatingSystem.IsLinux() || Programs.Find("setpriv") is not { } setpriv)
            return (command, arguments);
        string[] server = command == setpriv ? [setpriv, "--pdeathsig", "INT", .. arguments] : [setpriv, "--pdeathsig", "INT", command, .. arguments];
        const string script = """
            data=$(cd "$0" && pwd -P); trap 'kill -INT $server' TERM INT
            "$@" & server=$!; wait $server; wait $server
            for process in /proc/[0-9]*; do
              [ "$(readlink "$process/cwd")" = "$data" ] && [ "$(cat "$process/comm")" = postgres ] && kill -KILL "${process#/proc/}"
            done 2>/dev/null
            """;
        return ("/bin/sh", ["-c", script, Data, .. server]);
    }

    private string EnsureData(string bin)
    {
        if (Directory.Exists(Data) && Directory.EnumerateFileSystemEntries(Data).Any())
        {
            CheckData(bin);
            return File.Exists(PasswordFile)
                ? File.ReadAllText(PasswordFile).Trim()
                : throw new DistributedApplicationException($"{PasswordFile}, the password of {Data}, is missing. Restore it, or move {Folder} away to start with an empty database.");
        }

        var unfinished = Data + ".unfinished";
        if (Directory.Exists(unfinished))
            Directory.Delete(unfinished, recursive: true);
        if (Directory.Exists(Data))
            Directory.Delete(Data);
        var password = RandomNumberGenerator.GetHexString(32, lowercase: true);
        DataFolder.WritePrivate(PasswordFile, System.Text.Encoding.ASCII.GetBytes(password));
        Unprivileged.Own(Folder);
        var (command, arguments) = Unprivileged.Command(
            Path.Combine(bin, "initdb"), ["-D", unfinished, "-U", User, "-A", "scram-sha-256", $"--pwfile={PasswordFile}", "-E", "UTF8", "--no-locale"]);
        Require("initdb", Programs.Run(command, arguments, TimeLimit));

        // Single-user mode creates the database before the server first listens.
        (command, arguments) = Unprivileged.Command("/bin/sh", ["-c", "echo 'CREATE DATABASE osmen' | \"$0\" --single -D \"$1\" postgres", Path.Combine(bin, "postgres"), unfinished]);
        Require("CREATE DATABASE", Programs.Run(command, arguments, TimeLimit));
        Directory.Move(unfinished, Data);
        return password;
    }

    private void CheckData(string bin)
    {
        var versionFile = Path.Combine(Data, "PG_VERSION");
        try
        {
            if (!File.Exists(versionFile) || !File.Exists(Path.Combine(Data, "global", "pg_control")))
                throw new DistributedApplicationException($"{Data} is not a complete PostgreSQL data directory. Restore it, or move {Folder} away to start with an empty database.");
            var created = File.ReadAllText(versionFile).Trim();

            // "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"
            var (_, output) = Programs.Run(Path.Combine(bin, "postgres"), ["--version"], TimeLimit);
            var number = output.Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(word => char.IsAsciiDigit(word[0])) ?? "";
            var installed = new string([.. number.TakeWhile(char.IsAsciiDigit)]);
            if (created != installed)
            {
                throw new DistributedApplicationException(
                    $"{Data} was created by PostgreSQL {created}, and {bin} has PostgreSQL {installed}. Upgrade the data with pg_upgrade, or move {Folder} away to start with an empty database.");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DistributedApplicationException($"{Data} cannot be read: {e.Message}", e);
        }
    }

    private void Require(string what, (int? Status, string Output) result)
    {
        if (result.Status == 0)
            return;
        var line = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "it did not finish in time";
        throw new DistributedApplicationException($"{what} failed for {Data}: {line}");
    }
}
