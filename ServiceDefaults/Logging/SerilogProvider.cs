using Microsoft.Extensions.Logging;
using OsMEN.ServiceDefaults.Configuration;
using Serilog;
using Serilog.Core;
using Serilog.Extensions.Logging;
using ILogger = Microsoft.Extensions.Logging.ILogger;

namespace OsMEN.ServiceDefaults.Logging;

/// <summary>
/// Serilog as one provider of Microsoft's logging, whose filters alone decide what is logged. Lines are formatted and written in the
/// background: the console waits for its reader, the file drops lines that the disk cannot keep up with.
/// </summary>
[ProviderAlias("Serilog")]
internal sealed class SerilogProvider : ILoggerProvider, ISupportExternalScope
{
    // A disk or a pipe that hangs must not hang the stop.
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(2);

    private readonly LogFields _fields = new();
    private readonly LogFile? _file;
    private readonly Logger _logger;
    private readonly SerilogLoggerProvider _provider;
    private readonly Lazy<Task> _flush;

    /// <exception cref="ConfigurationException"><c>LOG_FILE</c> cannot be written.</exception>
    public SerilogProvider(LogOptions options, ServiceIdentity service)
    {
        var logger = new LoggerConfiguration()
            .MinimumLevel.Verbose()
            .Enrich.With(_fields)
            .Enrich.WithProperty("service", service.Name)
            .Enrich.WithProperty("process_id", Environment.ProcessId)
            .Filter.ByExcluding(StartupErrors.IsRepeatedBy);
        if (options.Console) logger.WriteTo.Async(a => a.Console(options.Json ? LogText.Json() : LogText.Readable()), blockWhenFull: true);
        if (options.File is not null)
        {
            _file = LogFile.Claim(options.File);
            logger.WriteTo.Async(a => a.File(
                LogText.Json(), _file.Path, fileSizeLimitBytes: options.FileBytes, rollOnFileSizeLimit: true, retainedFileCountLimit: options.FileRetention + 1));
        }

        _logger = logger.CreateLogger();
        _provider = new(_logger);
        _flush = new(() => Task.Run(_logger.Dispose));

        // For a process that ends without disposing its host.
        AppDomain.CurrentDomain.ProcessExit += Flush;
        AppDomain.CurrentDomain.UnhandledException += Flush;
    }

    public ILogger CreateLogger(string categoryName) => _provider.CreateLogger(categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _fields.Scopes = scopeProvider;

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= Flush;
        AppDomain.CurrentDomain.UnhandledException -= Flush;
        Flush(null, EventArgs.Empty);
        _file?.Dispose();
    }

    private void Flush(object? sender, EventArgs e) => _flush.Value.Wait(FlushTimeout);
}
