namespace Aspire.StackExchange.Redis;

/// <summary>Stands in for the settings of Aspire.StackExchange.Redis.</summary>
public sealed class StackExchangeRedisSettings
{
    /// <summary><c>ConnectionStrings:{name}</c>, unless it is set.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>Whether no health check is registered; false.</summary>
    public bool DisableHealthChecks { get; set; }
}
