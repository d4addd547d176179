using System.Data.Common;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;
using OsMEN.Executions.Audit;
using OsMEN.Executions.Budgets;
using OsMEN.Executions.Catalog;
using OsMEN.Executions.Clients;
using OsMEN.Executions.Commands;
using OsMEN.Executions.Health;
using OsMEN.Executions.Metrics;
using OsMEN.Executions.Prices;
using OsMEN.Executions.Retention;
using OsMEN.Executions.Workflows;
using OsMEN.Llm;
using OsMEN.ServiceDefaults.Configuration;
using OsMEN.ServiceDefaults.Health;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Executions;

/// <summary>Registers executions with a service: the store that its connection string names, and everything that stands on it.</summary>
public static class ExecutionsExtensions
{
    private const string ConnectionName = "osmen";

    /// <summary>
    /// Needs <c>ConnectionStrings:osmen</c> (<c>Host=…</c> is PostgreSQL, <c>Data Source=…</c> is SQLite) and
    /// <c>ConnectionStrings:redis</c>. Adds the health components <c>database</c>, <c>redis</c> and <c>task_queue</c>. The schema is
    /// brought up to date in the background, see <see cref="ExecutionSchema"/>.
    /// </summary>
    /// <exception cref="ConfigurationException">A connection string is missing or of no known kind.</exception>
    public static IHostApplicationBuilder AddExecutions(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<ExecutionOptions>().BindConfiguration(ExecutionOptions.Section).ValidateRanges(ExecutionOptions.Section).ValidateOnStart();
        builder.AddStore();
        builder.AddRedis("redis");
        builder.AddHealthComponent("database", (s, token) => s.GetRequiredService<DatabaseCheck>().RunAsync(token), tags: HealthTags.Critical);
        builder.AddHealthComponent("task_queue", CheckQueueAsync, tags: HealthTags.Critical);
        services.AddSingleton<QueueLimit>();
        services.AddSingleton<ExecutionAcceptor>();
        services.AddSingleton<ExecutionSignals>();
        services.AddSingleton<EventFeed>();
        services.AddSingleton<ExecutionCompletions>();
        services.AddSingleton<ChildExecutions>();
        services.AddSingleton<AgentMemory>();
        services.AddSingleton<ExecutionRecorder>();
        services.AddSingleton<LeaseKeeper>();
        services.AddSingleton<LeaseRescuer>();
        services.AddSingleton<QueueMetrics>();
        services.AddInstruments<EndMetrics>();
        services.AddInstruments<MessageMetrics>();
        services.AddSingleton<BackingMetrics>();
        services.AddHostedService(s => s.GetRequiredService<BackingMetrics>());
        services.AddSingleton<WorkerPresence>();
        services.AddSingleton<ExecutionSchema>();
        services.AddHostedService(s => s.GetRequiredService<ExecutionSchema>());
        services.AddSingleton<IHealthHistoryStore, HealthChangeTable>();
        services.AddSingleton<WriteOutage>();
        services.AddSingleton<DatabaseCheck>();
        services.AddSingleton<AuditTable>();
        services.AddOptions<RetentionOptions>().BindConfiguration(RetentionOptions.Section).ValidateRanges(RetentionOptions.Section).ValidateOnStart();
        services.AddInstruments<RetentionMetrics>();
        services.AddSingleton<RetentionNotes>();
        services.AddSingleton<RetentionTurn>();
        services.AddSingleton(s => new RetentionReader(
            s.GetRequiredService<RetentionTurn>(), s.GetRequiredService<RetentionNotes>(), s.GetRequiredService<IExecutionStore>(), s.GetRequiredService<RetentionPass>(),
            s.GetRequiredService<IOptions<RetentionOptions>>()));
        services.AddSingleton<RetentionPass>();
        services.AddHostedService<RetentionLoop>();
        services.TryAddSingleton(_ => PriceTable.Shipped());
        services.AddSingleton<UserPrices>();
        services.AddHostedService(s => s.GetRequiredService<UserPrices>());
        services.AddOptions<BudgetOptions>().BindConfiguration(BudgetOptions.Section).ValidateRanges(BudgetOptions.Section).ValidateOnStart();
        services.AddSingleton<BudgetBook>();
        services.AddSingleton<IBudgetGate, BudgetGate>();
        services.AddSingleton<BudgetWatch>();
        services.AddHostedService(s => s.GetRequiredService<BudgetWatch>());
        services.AddSingleton<AgentCatalog>();
        services.AddHostedService(s => s.GetRequiredService<AgentCatalog>());
        services.AddSingleton<CommandCatalog>();
        services.AddHostedService(s => s.GetRequiredService<CommandCatalog>());
        services.AddSingleton<WorkflowCatalog>();
        services.AddHostedService(s => s.GetRequiredService<WorkflowCatalog>());
        return builder;
    }

    private static void AddStore(this IHostApplicationBuilder builder)
    {
        var connectionString = builder.Configuration.GetConnectionString(ConnectionName);
        var services = builder.Services;
        if (IsKind(connectionString, "Data Source") || IsKind(connectionString, "DataSource") || IsKind(connectionString, "Filename"))
        {
            services.AddSingleton(_ => new SqliteDatabase(connectionString!));
            services.AddSingleton<DbDataSource>(s => s.GetRequiredService<SqliteDatabase>());
            services.AddSingleton<SqliteExecutionStore>();
            services.AddSingleton<IExecutionStore>(Metered<SqliteExecutionStore>);
            services.AddSingleton<IBudgetStore>(s => s.GetRequiredService<SqliteExecutionStore>());
            services.AddSingleton<IWorkflowStore>(s => s.GetRequiredService<SqliteExecutionStore>());
            services.AddSingleton(s => DatabaseMetrics.Of(s.GetRequiredService<MetricFactory>(), s.GetRequiredService<SqliteDatabase>()));
        }
        else if (IsKind(connectionString, "Host") || IsKind(connectionString, "Server"))
        {
            builder.AddPostgres(ConnectionName);
            services.AddSingleton<PostgresExecutionStore>();
            services.AddSingleton<IExecutionStore>(Metered<PostgresExecutionStore>);
            services.AddSingleton<IBudgetStore>(s => s.GetRequiredService<PostgresExecutionStore>());
            services.AddSingleton<IWorkflowStore>(s => s.GetRequiredService<PostgresExecutionStore>());
            services.AddSingleton(s => DatabaseMetrics.Of(s.GetRequiredService<MetricFactory>(), s.GetRequiredService<NpgsqlDataSource>()));
        }
        else
        {
            const string allowed = "'Host=…' for PostgreSQL or 'Data Source=…' for a SQLite file";
            throw string.IsNullOrWhiteSpace(connectionString)
                ? new ConfigurationException($"ConnectionStrings__{ConnectionName}", null, allowed)
                : ConfigurationException.Secret($"ConnectionStrings__{ConnectionName}", allowed);
        }
    }

    private static MeteredExecutionStore Metered<TStore>(IServiceProvider services) where TStore : IExecutionStore =>
        new(
            services.GetRequiredService<TStore>(), services.GetRequiredService<WriteOutage>(), services.GetRequiredService<MetricFactory>(), services.GetRequiredService<EndMetrics>(),
            services.GetRequiredService<TimeProvider>());

    // Whether work can be queued: the schema is in place and the queue answers.
    private static async Task<HealthCheckResult> CheckQueueAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        await services.GetRequiredService<ExecutionSchema>().Ready.WaitAsync(cancellationToken);
        var depth = await services.GetRequiredService<IExecutionStore>().GetDepthAsync(cancellationToken);
        services.GetRequiredService<QueueMetrics>().Found(depth);
        return HealthCheckResult.Healthy(
            string.Create(CultureInfo.InvariantCulture, $"{depth.Due} due, {depth.Running} running"),
            new Dictionary<string, object>(StringComparer.Ordinal) { ["due"] = depth.Due, ["scheduled"] = depth.Scheduled, ["running"] = depth.Running });
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
