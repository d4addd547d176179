using System.Globalization;
using OsMEN.LocalHosting.Running;

namespace OsMEN.LocalHosting.Backing;

/// <summary>The PostgreSQL of this machine, on a data directory of the project's.</summary>
internal sealed class PostgresProgram(PostgresServerResource server, IReadOnlyList<PostgresDatabaseResource> databases, LocalFolder folder) : ResourceProgram(server)
{
    private readonly PostgresBinaries _binaries = PostgresBinaries.Find();
    private readonly PostgresProbe _probe = new(
        server, databases, $"the password in {folder.Secrets} is not the one that {Path.Combine(folder.Native, server.Name)} was made with: restore it, or move that folder away to start with a new one");

    private string Home => Path.Combine(folder.Native, Resource.Name);

    public override async Task PrepareAsync(Action<string> say, CancellationToken cancellationToken)
    {
        var password = await server.PasswordParameter.GetValueAsync(cancellationToken);
        await new PostgresDataDirectory(Home, _binaries).EnsureAsync(password!, say, cancellationToken);
    }

    public override ValueTask<ProgramPlan?> PlanAsync(int replica, CancellationToken cancellationToken)
    {
        var port = Port(replica, PostgresServerResource.PrimaryEndpointName).ToString(CultureInfo.InvariantCulture);
        var (program, arguments) = Unprivileged.Command(
            _binaries.Postgres,
            [
                "-D", Path.Combine(Home, "data"), "-c", "listen_addresses=127.0.0.1", "-c", $"port={port}", "-c", "unix_socket_directories=",
                "-c", "max_connections=200", "-c", "logging_collector=off", "-c", "log_timezone=UTC",
            ]);
        return new(new ProgramPlan(program, arguments) { WorkingDirectory = Home, StopSignal = StopSignal.Interrupt, StopTimeout = TimeSpan.FromSeconds(8) });
    }

    public override Task<string?> ProbeAsync(int replica, CancellationToken cancellationToken) => _probe.ProbeAsync(cancellationToken);
}
