using Microsoft.Extensions.Hosting;
using Npgsql;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.Executions.Clients;

/// <summary>The PostgreSQL client, from Aspire's integration: a pooled data source with logs, traces and metrics.</summary>
internal static class PostgresClient
{
    private const string Allowed = "an Npgsql connection string, such as Host=localhost;Database=osmen;Username=osmen";

    /// <summary>Registers an <see cref="NpgsqlDataSource"/> on <c>ConnectionStrings:{name}</c>.</summary>
    /// <exception cref="ConfigurationException">
    /// The connection string is missing or broken. The integration would only find that out at the first query, and its message may
    /// show the string.
    /// </exception>
    public static void AddPostgres(this IHostApplicationBuilder builder, string name)
    {
        var key = $"ConnectionStrings__{name}";
        var text = builder.Configuration.ReadText($"ConnectionStrings:{name}") ?? throw new ConfigurationException(key, null, Allowed);
        if (!IsValid(text)) throw ConfigurationException.Secret(key, Allowed);
        builder.AddNpgsqlDataSource(name, settings =>
        {
            settings.ConnectionString = PostgresDatabase.Complete(text);

            // The component "database" has a check that works for both engines.
            settings.DisableHealthChecks = true;
        });
    }

    private static bool IsValid(string text)
    {
        try
        {
            return !string.IsNullOrEmpty(new NpgsqlConnectionStringBuilder(text).Host);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException)
        {
            return false;
        }
    }
}
