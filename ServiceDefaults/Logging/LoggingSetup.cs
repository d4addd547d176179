using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace OsMEN.ServiceDefaults.Logging;

internal static class LoggingSetup
{
    // The client logs each step of each attempt to connect, failures as errors; the health component "redis" reports an outage once.
    private const string RedisClient = "StackExchange.Redis";

    public static void AddLogs(this IHostApplicationBuilder builder, ServiceIdentity service)
    {
        var options = LogOptions.Read(builder.Configuration, builder.Environment, service);
        builder.Services.AddSingleton(options);
        builder.Services.TryAddSingleton<JsonLogLine>();
        // The lines have the ids of traces already.
        builder.Services.Configure<LoggerFactoryOptions>(o => o.ActivityTrackingOptions = ActivityTrackingOptions.None);
        builder.Logging.ClearProviders();
        builder.Logging.AddConsole(o => o.FormatterName = options.Json ? JsonLogFormatter.FormatterName : ReadableLogFormatter.FormatterName);
        builder.Logging.AddConsoleFormatter<JsonLogFormatter, ConsoleFormatterOptions>();
        builder.Logging.AddConsoleFormatter<ReadableLogFormatter, ConsoleFormatterOptions>();
        if (options.File is not null) builder.Services.AddSingleton<ILoggerProvider, FileLoggerProvider>();
        builder.Services.Configure<LoggerFilterOptions>(filters => SetLevels(filters, options.Level));
    }

    // Rules of appsettings.json for single categories stay; the level of the environment replaces the default.
    private static void SetLevels(LoggerFilterOptions filters, LogLevel level)
    {
        filters.MinLevel = level;
        filters.Rules.Add(new(null, null, level, null));
        var framework = level == LogLevel.Debug ? LogLevel.Information : (LogLevel)Math.Max((int)level, (int)LogLevel.Warning);
        foreach (var category in (ReadOnlySpan<string>)["Microsoft", "System", "Npgsql"])
            if (!filters.Rules.Any(r => r.CategoryName == category)) filters.Rules.Add(new(null, category, framework, null));
        if (!filters.Rules.Any(r => r.CategoryName == RedisClient)) filters.Rules.Add(new(null, RedisClient, LogLevel.None, null));
        if (!filters.Rules.Any(r => r.CategoryName == "Microsoft.Hosting.Lifetime")) filters.Rules.Add(new(null, "Microsoft.Hosting.Lifetime", level, null));
    }
}
