using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.ServiceDefaults.Logging;

/// <summary>JSON lines to a rolling file, written in the background; when the disk cannot keep up, lines are dropped and counted.</summary>
internal sealed class FileLoggerProvider : ILoggerProvider, ISupportExternalScope
{
    private const int QueuedLines = 8192;

    private readonly JsonLogLine _line;
    private readonly RollingFile _file;
    private readonly Channel<byte[]> _lines = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(QueuedLines) { SingleReader = true });
    private readonly Task _writer;
    private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();
    private long _dropped;

    public FileLoggerProvider(LogOptions options, JsonLogLine line)
    {
        _line = line;
        try
        {
            _file = new RollingFile(options.File!, options.FileBytes, options.FileRetention);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ConfigurationException("LOG_FILE", options.File, "a path that this process can write");
        }
        _writer = Task.Run(WriteAsync);
    }

    /// <summary>Lines lost because the queue was full or the disk refused them.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    public ILogger CreateLogger(string categoryName) => new FileLogger(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    public void Dispose()
    {
        _lines.Writer.TryComplete();
        // The file is closed by the writer: a disk that hangs must not hang the stop.
        _writer.Wait(TimeSpan.FromSeconds(2));
    }

    private async Task WriteAsync()
    {
        using var file = _file;
        while (await _lines.Reader.WaitToReadAsync())
        {
            try
            {
                while (_lines.Reader.TryRead(out var line)) file.WriteLine(line);
                file.Flush();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
            {
                // A full disk must not end the service, and cannot be logged here.
                Interlocked.Increment(ref _dropped);
            }
        }
    }

    private sealed class FileLogger(FileLoggerProvider provider, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => provider._scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var line = provider._line.Write(new LogEntry<TState>(logLevel, category, eventId, state, exception, formatter), provider._scopes);
            if (!line.IsEmpty && !provider._lines.Writer.TryWrite(line.ToArray())) Interlocked.Increment(ref provider._dropped);
        }
    }
}
