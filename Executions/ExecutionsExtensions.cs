using System.Data.Common;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace OsMEN.Executions;

/// <summary>Registers executions with a service: the store that its connection string names, and everything that stands on it.</summary>
public static class ExecutionsExtensions
{
    private const string ConnectionName = "osmen";

    /// <summary>
    /// Needs <c>ConnectionStrings:osmen</c> (<c>Host=…</c> is PostgreSQL, <c>Data Source=…</c> is SQLite) and a registered
    /// <c>IConnectionMultiplexer</c>. The schema is brought up to date in the background, see <see cref="ExecutionSchema"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The connection string is missing or of neither kind.</exception>
    public static IHostApplicationBuilder AddExecutions(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<ExecutionOptions>().BindConfiguration(ExecutionOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        AddStore(services, builder.Configuration.GetConnectionString(ConnectionName));
        services.AddSingleton<QueueLimit>();
        services.AddSingleton<ExecutionAcceptor>();
        services.AddSingleton<ExecutionSignals>();
        services.AddSingleton<EventFeed>();
        services.AddSingleton<ExecutionCompletions>();
        services.AddSingleton<ExecutionRecorder>();
        services.AddSingleton<LeaseKeeper>();
        services.AddSingleton<LeaseRescuer>();
        services.AddSingleton<ExecutionSchema>();
        services.AddHostedService(s => s.GetRequiredService<ExecutionSchema>());
        return builder;
    }

    private static void AddStore(IServiceCollection services, string? connectionString)
    {
        if (IsKind(connectionString, "Data Source") || IsKind(connectionString, "DataSource") || IsKind(connectionString, "Filename"))
        {
            services.AddSingleton(_ => new SqliteDatabase(connectionString!));
            services.AddSingleton<DbDataSource>(s => s.GetRequiredService<SqliteDatabase>());
            services.AddSingleton<IExecutionStore, SqliteExecutionStore>();
        }
        else if (IsKind(connectionString, "Host") || IsKind(connectionString, "Server"))
        {
            services.AddSingleton(_ => PostgresDatabase.Create(connectionString!));
            services.AddSingleton<DbDataSource>(s => s.GetRequiredService<NpgsqlDataSource>());
            services.AddSingleton<IExecutionStore, PostgresExecutionStore>();
        }
        else
        {
            throw new InvalidOperationException(
                $"ConnectionStrings__{ConnectionName} is {(string.IsNullOrWhiteSpace(connectionString) ? "not set" : "of an unknown kind")}: " +
                "it starts with 'Host=' for PostgreSQL or 'Data Source=' for a SQLite file.");
        }
    }

    private static bool IsKind(string? connectionString, string key)
    {
        if (string.IsNullOrWhiteSpace(connectionString))
            return false;
        try
        {
            return new DbConnectionStringBuilder { ConnectionString = connectionString }.ContainsKey(key);
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
