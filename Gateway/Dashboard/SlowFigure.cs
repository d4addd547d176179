namespace OsMEN.Gateway.Dashboard;

/// <summary>
/// A figure that takes its time to read: it is read in the background while somebody looks, no more often than its period, and the
/// last one stands until the next is there.
/// </summary>
internal sealed partial class SlowFigure<T>(string name, TimeSpan period, Func<CancellationToken, Task<T?>> read, TimeProvider time, ILogger logger) where T : class
{
    private readonly Lock _beginning = new();
    private volatile T? _latest;
    private Task _reading = Task.CompletedTask;
    private long? _begunAt;

    /// <summary>Null until it was read once.</summary>
    public T? Latest => _latest;

    /// <summary>Begins to read if it is time. The task ends without an exception.</summary>
    public Task Refresh(CancellationToken ending)
    {
        lock (_beginning)
        {
            if (_reading.IsCompleted && (_begunAt is not { } at || time.GetElapsedTime(at) >= period))
            {
                _begunAt = time.GetTimestamp();
                _reading = ReadAsync(ending);
            }

            return _reading;
        }
    }

    private async Task ReadAsync(CancellationToken ending)
    {
        try
        {
            _latest = await read(ending);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The gateway stops.
        }
        catch (Exception e)
        {
            LogUnread(logger, name, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The dashboard could not read {Name}: {Reason}")]
    private static partial void LogUnread(ILogger logger, string name, string reason);
}
