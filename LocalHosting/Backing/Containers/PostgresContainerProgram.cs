namespace OsMEN.LocalHosting.Backing.Containers;

/// <summary>PostgreSQL in a container. Its databases are made when it answers for the first time.</summary>
internal sealed class PostgresContainerProgram(PostgresServerResource server, IReadOnlyList<PostgresDatabaseResource> databases, ContainerNetwork network)
    : ContainerProgram(server, network)
{
    private readonly PostgresProbe _probe = new(
        server, databases, "the password is not the one that its volume was made with: restore it in .osmen/secrets.json, or remove the volume to start with a new one");

    public override Task<string?> ProbeAsync(int replica, CancellationToken cancellationToken) => _probe.ProbeAsync(cancellationToken);
}
