namespace OsMEN.AppHost;

/// <summary>The image versions of PostgreSQL and Redis. Those of the monitoring servers are in <c>Hosting.Monitoring</c>.</summary>
internal static class Images
{
    public const string Postgres = "17.6";
    public const string Redis = "7.4.5";
}
