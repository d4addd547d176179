using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace OsMEN.AppHost.Backing;

/// <summary>A SQLite file with a connection string. Nothing runs for it.</summary>
internal sealed class SqliteDatabaseResource(string name, string path) : Resource(name), IResourceWithConnectionString
{
    public string DatabasePath => path;

    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"Data Source={path}");
}

internal static class SqliteDatabaseExtensions
{
    /// <summary>Adds a SQLite database that the services create when they first open it.</summary>
    public static IResourceBuilder<SqliteDatabaseResource> AddSqliteDatabase(this IDistributedApplicationBuilder builder, string name, string path)
    {
        var health = $"{name}-file";
        builder.Services.AddHealthChecks().AddCheck(health, () => Check(path));
        return builder.AddResource(new SqliteDatabaseResource(name, path))
            .WithIconName("Database")
            .WithHealthCheck(health)
            .WithInitialState(new CustomResourceSnapshot
            {
                ResourceType = "SQLite",
                State = KnownResourceStates.NotStarted,
                Properties = [new("sqlite.file", path)],
            })
            .OnInitializeResource(async (resource, initialize, cancellationToken) =>
            {
                await initialize.Eventing.PublishAsync(new ConnectionStringAvailableEvent(resource, initialize.Services), cancellationToken);
                await initialize.Notifications.PublishUpdateAsync(resource, snapshot => snapshot with { State = KnownResourceStates.Running });
            });
    }

    private static HealthCheckResult Check(string path)
    {
        try
        {
            // The file appears with the first service. Until then it is enough that it can be created.
            if (!File.Exists(path))
                return Directory.Exists(Path.GetDirectoryName(path)) ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy($"The folder of {path} does not exist.");
            Span<byte> header = stackalloc byte[15];
            using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            return file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) is 0 || header.SequenceEqual("SQLite format 3"u8)
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy($"{path} is not a SQLite database.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return HealthCheckResult.Unhealthy($"{path} cannot be opened: {e.Message}");
        }
    }
}
