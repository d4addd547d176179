namespace OsMEN.AppHost;

/// <summary>The version of every image, in one place. Raising one is a change of this file, and of what is generated from the model.</summary>
internal static class Images
{
    public const string Postgres = "17.6";
    public const string Redis = "7.4.5";

    public const string Prometheus = "v3.5.0";
    public const string Alertmanager = "v0.28.1";
    public const string Grafana = "12.1.1";
    public const string Loki = "3.5.3";
    public const string Jaeger = "2.9.0";
}
