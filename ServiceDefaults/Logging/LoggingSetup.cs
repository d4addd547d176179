using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace OsMEN.ServiceDefaults.Logging;

internal static class LoggingSetup
{
    // The client logs each step of each attempt to connect, failures as errors; the health component "redis" reports an outage once.
    private const string RedisClient = "StackExchange.Redis";

    // Libraries report each query, request, route and retry at Information.
    private static readonly string[] Frameworks = ["Microsoft", "System", "Npgsql", "Polly", "Quartz", "ModelContextProtocol"];

    public static void AddLogs(this IHostApplicationBuilder builder, ServiceIdentity service)
    {
        var options = LogOptions.Read(builder.Configuration, builder.Environment, service);
        builder.Services.AddSingleton(options);
        // The lines have the ids of traces already.
        builder.Services.Configure<LoggerFactoryOptions>(o => o.ActivityTrackingOptions = ActivityTrackingOptions.None);
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<ILoggerProvider, SerilogProvider>();
        builder.Services.Configure<LoggerFilterOptions>(filters => SetLevels(filters, options.Level));
    }

    // Rules of the configuration (Logging:LogLevel:<category>) stay; the level of the environment replaces their default.
    private static void SetLevels(LoggerFilterOptions filters, LogLevel level)
    {
        filters.MinLevel = level;
        filters.Rules.Add(new(null, null, level, null));
        var framework = level == LogLevel.Debug ? LogLevel.Information : (LogLevel)Math.Max((int)level, (int)LogLevel.Warning);
        foreach (var category in Frameworks)
            if (!filters.Rules.Any(r => r.CategoryName == category)) filters.Rules.Add(new(null, category, framework, null));
        if (!filters.Rules.Any(r => r.CategoryName == RedisClient)) filters.Rules.Add(new(null, RedisClient, LogLevel.None, null));
        if (!filters.Rules.Any(r => r.CategoryName == "Microsoft.Hosting.Lifetime")) filters.Rules.Add(new(null, "Microsoft.Hosting.Lifetime", level, null));
    }
}
