using System.Data.Common;
using Aspire.Npgsql;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Npgsql;
using OsMEN.ServiceDefaults.Configuration;
using OsMEN.ServiceDefaults.StandIns;

namespace Microsoft.Extensions.Hosting;

/// <summary>Stands in for Aspire.Npgsql.</summary>
public static class AspirePostgreSqlNpgsqlExtensions
{
    /// <summary>
    /// Registers an <see cref="NpgsqlDataSource"/> (and the <see cref="DbDataSource"/> and connections made of it) on
    /// <c>ConnectionStrings:{connectionName}</c>, with a health check.
    /// </summary>
    /// <exception cref="ConfigurationException">The connection string is missing or broken.</exception>
    public static void AddNpgsqlDataSource(
        this IHostApplicationBuilder builder,
        string connectionName,
        Action<NpgsqlSettings>? configureSettings = null,
        Action<NpgsqlDataSourceBuilder>? configureDataSourceBuilder = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(connectionName);
        const string allowed = "an Npgsql connection string, such as Host=localhost;Database=osmen;Username=osmen";
        var settings = new NpgsqlSettings { ConnectionString = builder.Configuration.ReadText($"ConnectionStrings:{connectionName}") };
        configureSettings?.Invoke(settings);
        if (settings.ConnectionString is null) throw new ConfigurationException($"ConnectionStrings__{connectionName}", null, allowed);
        try
        {
            if (string.IsNullOrEmpty(new NpgsqlConnectionStringBuilder(settings.ConnectionString).Host)) throw ConfigurationException.Secret($"ConnectionStrings__{connectionName}", allowed);
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            throw ConfigurationException.Secret($"ConnectionStrings__{connectionName}", allowed);
        }

        builder.Services.TryAddSingleton(s =>
        {
            var source = new NpgsqlDataSourceBuilder(settings.ConnectionString);
            source.UseLoggerFactory(s.GetService<ILoggerFactory>());
            configureDataSourceBuilder?.Invoke(source);
            return source.Build();
        });
        builder.Services.TryAddSingleton<DbDataSource>(s => s.GetRequiredService<NpgsqlDataSource>());
        builder.Services.TryAddTransient(s => s.GetRequiredService<NpgsqlDataSource>().CreateConnection());
        if (!settings.DisableHealthChecks)
        {
            builder.Services.AddHealthChecks().Add(
                new("PostgreSql", s => new NpgsqlHealthCheck(s.GetRequiredService<NpgsqlDataSource>()), HealthStatus.Unhealthy, tags: null, timeout: default));
        }
    }
}
