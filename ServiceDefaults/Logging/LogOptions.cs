using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.ServiceDefaults.Logging;

/// <summary>What is logged, and where to.</summary>
/// <param name="Level"><c>GATEWAY_LOG_LEVEL</c> or <c>AGENT_LOG_LEVEL</c> by the service's name, else <c>LOG_LEVEL</c>, else <c>Logging:LogLevel:Default</c>; INFO.</param>
/// <param name="Json"><c>USE_JSON_LOGGING</c>: one JSON object a line; true outside Development.</param>
/// <param name="File"><c>LOG_FILE</c>: a file that gets JSON lines too; none.</param>
/// <param name="FileBytes"><c>LOG_FILE_MAX_BYTES</c>: size at which the file is rolled; 10 MB.</param>
/// <param name="FileRetention"><c>LOG_FILE_RETENTION</c>: rolled files that are kept besides the current one; 5.</param>
public sealed record LogOptions(LogLevel Level, bool Json, string? File, long FileBytes, int FileRetention)
{
    /// <summary>Whether lines are written to stdout; tests of many services in one process turn it off.</summary>
    internal bool Console { get; init; } = true;

    private static readonly string[] Names = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];

    internal static LogOptions Read(IConfiguration configuration, IHostEnvironment environment, ServiceIdentity service)
    {
        var general = ReadLevel(configuration, "LOG_LEVEL", configuration.GetValue("Logging:LogLevel:Default", LogLevel.Information));
        var level = service.Name switch
        {
            var name when name.StartsWith("gateway", StringComparison.OrdinalIgnoreCase) => ReadLevel(configuration, "GATEWAY_LOG_LEVEL", general),
            var name when name.StartsWith("agent", StringComparison.OrdinalIgnoreCase) => ReadLevel(configuration, "AGENT_LOG_LEVEL", general),
            _ => general,
        };
        return new(
            level,
            configuration.ReadBoolean("USE_JSON_LOGGING", !environment.IsDevelopment()),
            configuration.ReadText("LOG_FILE"),
            configuration.ReadInteger("LOG_FILE_MAX_BYTES", 10_000_000, 10_000, 10_000_000_000),
            (int)configuration.ReadInteger("LOG_FILE_RETENTION", 5, 0, 1000));
    }

    /// <summary>The contract's word for a level.</summary>
    internal static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "DEBUG",
        LogLevel.Information => "INFO",
        LogLevel.Warning => "WARNING",
        LogLevel.Error => "ERROR",
        _ => "CRITICAL",
    };

    private static LogLevel ReadLevel(IConfiguration configuration, string key, LogLevel fallback) =>
        configuration.ReadChoice(key, "", Names) switch
        {
            "DEBUG" => LogLevel.Debug,
            "INFO" => LogLevel.Information,
            "WARNING" => LogLevel.Warning,
            "ERROR" => LogLevel.Error,
            "CRITICAL" => LogLevel.Critical,
            _ => fallback,
        };
}
