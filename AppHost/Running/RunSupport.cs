using System.Reflection;
using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OsMEN.AppHost.Backing;

namespace OsMEN.AppHost.Running;

/// <summary>Adds to a run on a developer's machine: a lock on its data, <c>run.json</c>, a short report on the console and an orderly stop.</summary>
internal static class RunSupport
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(60);
    private static readonly Dictionary<string, string?> CalmLogging = new(StringComparer.Ordinal)
    {
        ["Logging:LogLevel:Default"] = "Warning",
        ["Logging:LogLevel:Aspire.Hosting.Dcp.DcpHost"] = "Error",
        ["Logging:LogLevel:Microsoft.AspNetCore.DataProtection"] = "Error",
    };

    private static readonly string LoginToken = RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>Adds the services of a run. Does nothing in publish mode.</summary>
    /// <exception cref="DistributedApplicationException">Another AppHost uses the data folder, or the folder cannot be written.</exception>
    public static void AddRunSupport(this IDistributedApplicationBuilder builder)
    {
        if (!builder.ExecutionContext.IsRunMode)
            return;
        var runLock = RunLock.Take(builder.Root());
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = StopLimit);

        // What goes on inside Aspire is in its dashboard. As the lowest source, so that Logging__LogLevel__Default=Debug brings it to the console.
        ((IConfigurationBuilder)builder.Configuration).Sources.Insert(0, new MemoryConfigurationSource { InitialData = CalmLogging });

        // Without this setting, AppHost exits before the processes that it started.
        builder.Configuration["DcpPublisher:WaitForResourceCleanup"] = "true";
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(new RunFile(builder.Root()));

        // Looked for before the folder of this backing is created, which would pass for data.
        var otherData = OtherData(builder);
        builder.Services.AddSingleton(new RunOptions(
            builder.Backing(), builder.BackingFolder(), otherData, LoginToken, IsTest: Assembly.GetEntryAssembly() != typeof(RunSupport).Assembly));

        // Hosted services start in order and stop in reverse. The report is first: Aspire's start lasts until every resource has found what it waits
        // for. OrderlyStop is the last to start, so the first to stop.
        builder.Services.Insert(0, ServiceDescriptor.Singleton<IHostedService>(_ => new LockHolder(runLock)));
        builder.Services.Insert(1, ServiceDescriptor.Singleton<IHostedService, RunReport>());
        builder.Services.Insert(2, ServiceDescriptor.Singleton<IHostedService, RestartSubscriber>());
        builder.Services.AddHostedService<OrderlyStop>();
    }

    /// <summary>Lets the link that is printed sign a browser in to the gateway's dashboard.</summary>
    public static IResourceBuilder<ProjectResource> WithLoginLink(this IResourceBuilder<ProjectResource> gateway) =>
        gateway.ApplicationBuilder.ExecutionContext.IsRunMode ? gateway.WithEnvironment("DASHBOARD_LOGIN_TOKEN", LoginToken) : gateway;

    // A container's data is in volumes; its folder is there once a run has had it.
    private static string? OtherData(IDistributedApplicationBuilder builder)
    {
        var (root, mine) = (builder.Root(), builder.Backing());
        return HasData(root, mine) ? null : Enum.GetValues<BackingKind>().Where(k => k != mine && HasData(root, k)).Select(DataFolder.NameOf).FirstOrDefault();
    }

    private static bool HasData(string root, BackingKind kind) =>
        kind switch
        {
            BackingKind.Embedded => File.Exists(Path.Combine(root, DataFolder.NameOf(kind), "osmen.db")),
            BackingKind.Native => Directory.Exists(Path.Combine(root, DataFolder.NameOf(kind), "postgres", "data")),
            _ => Directory.Exists(Path.Combine(root, DataFolder.NameOf(kind))),
        };

    private sealed class LockHolder(RunLock runLock) : IHostedService, IDisposable
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose() => runLock.Dispose();
    }
}
