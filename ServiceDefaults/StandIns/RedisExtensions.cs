using Aspire.StackExchange.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OsMEN.ServiceDefaults.Configuration;
using OsMEN.ServiceDefaults.StandIns;
using StackExchange.Redis;

namespace Microsoft.Extensions.Hosting;

/// <summary>Stands in for Aspire.StackExchange.Redis.</summary>
public static class AspireRedisExtensions
{
    /// <summary>
    /// Registers an <see cref="IConnectionMultiplexer"/> on <c>ConnectionStrings:{connectionName}</c>, with a health check. It is made
    /// also while the server is away, and connects when it comes.
    /// </summary>
    /// <exception cref="ConfigurationException">The connection string is missing or broken.</exception>
    public static void AddRedisClient(
        this IHostApplicationBuilder builder,
        string connectionName,
        Action<StackExchangeRedisSettings>? configureSettings = null,
        Action<ConfigurationOptions>? configureOptions = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(connectionName);
        const string allowed = "a StackExchange.Redis connection string, such as localhost:6379";
        var settings = new StackExchangeRedisSettings { ConnectionString = builder.Configuration.ReadText($"ConnectionStrings:{connectionName}") };
        configureSettings?.Invoke(settings);
        if (settings.ConnectionString is not { } text) throw new ConfigurationException($"ConnectionStrings__{connectionName}", null, allowed);
        var options = Parse(text) is { EndPoints.Count: > 0 } parsed ? parsed : throw ConfigurationException.Secret($"ConnectionStrings__{connectionName}", allowed);
        configureOptions?.Invoke(options);

        builder.Services.TryAddSingleton<IConnectionMultiplexer>(_ => ConnectionMultiplexer.Connect(options));
        if (!settings.DisableHealthChecks)
        {
            builder.Services.AddHealthChecks().Add(
                new("StackExchange.Redis", s => new RedisHealthCheck(s.GetRequiredService<IConnectionMultiplexer>()), HealthStatus.Unhealthy, tags: null, timeout: default));
        }
    }

    private static ConfigurationOptions? Parse(string text)
    {
        try
        {
            var options = ConfigurationOptions.Parse(text);
            options.AbortOnConnectFail = false;
            // The first connect holds up whoever asks for the client first; a server that is away must not do that for long.
            if (!text.Contains("connectTimeout", StringComparison.OrdinalIgnoreCase)) options.ConnectTimeout = 2000;
            if (!text.Contains("connectRetry", StringComparison.OrdinalIgnoreCase)) options.ConnectRetry = 1;
            options.ReconnectRetryPolicy = new ExponentialRetry(250, 2000);
            return options;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException)
        {
            return null;
        }
    }
}
