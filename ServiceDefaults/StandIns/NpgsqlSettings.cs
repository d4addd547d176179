namespace Aspire.Npgsql;

/// <summary>Stands in for the settings of Aspire.Npgsql. Npgsql's own spans and metrics are switched by the sources and meters that telemetry listens to.</summary>
public sealed class NpgsqlSettings
{
    /// <summary><c>ConnectionStrings:{name}</c>, unless it is set.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>Whether no health check is registered; false.</summary>
    public bool DisableHealthChecks { get; set; }
}
