namespace OsMEN.AppHost.Backing;

/// <summary>What stands behind the connection strings <c>osmen</c> and <c>redis</c>.</summary>
internal enum BackingKind
{
    /// <summary>A SQLite file and Garnet: nothing but the .NET SDK is needed.</summary>
    Embedded,

    /// <summary>PostgreSQL and Redis (or Valkey) as they are installed on this machine.</summary>
    Native,

    /// <summary>Containers of Docker or Podman; in publish mode always.</summary>
    Container,
}
