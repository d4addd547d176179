namespace OsMEN.Gateway.Security;

/// <summary>
/// Ends what a browser's session holds open once it is signed out or has expired: at once on the gateway that is told, within a
/// second on every other.
/// </summary>
internal sealed partial class SessionEnds(SessionTable table, TimeProvider time, ILogger<SessionEnds> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, Watched> _open = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>Watches the session with this hash until the watch is disposed.</summary>
    public SessionWatch Watch(string hash)
    {
        lock (_lock)
        {
            if (!_open.TryGetValue(hash, out var watched))
                _open[hash] = watched = new Watched();
            watched.Watches++;
            return new SessionWatch(watched.End.Token, () => Leave(hash, watched));
        }
    }

    /// <summary>Ends it here.</summary>
    public void End(string hash)
    {
        Watched? watched;
        lock (_lock)
            _open.Remove(hash, out watched);
        watched?.End.Cancel();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            string[] open;
            lock (_lock)
                open = [.. _open.Keys];
            try
            {
                foreach (var some in open.Chunk(SessionTable.MostAtOnce))
                {
                    var alive = await table.FindAliveAsync(some, time.GetUtcNow(), stoppingToken);
                    foreach (var hash in some.Where(h => !alive.Contains(h)))
                        End(hash);
                }
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogUnread(logger, e.Message);
            }
        }
    }

    private void Leave(string hash, Watched watched)
    {
        lock (_lock)
        {
            if (--watched.Watches == 0 && _open.GetValueOrDefault(hash) == watched)
                _open.Remove(hash);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Sessions could not be read; those that are open stay: {Reason}")]
    private static partial void LogUnread(ILogger logger, string reason);

    private sealed class Watched
    {
        public CancellationTokenSource End { get; } = new();

        public int Watches { get; set; }
    }
}

/// <summary>Somebody who wants to know when a session ends.</summary>
internal sealed class SessionWatch(CancellationToken ended, Action leave) : IDisposable
{
    public CancellationToken Ended => ended;

    public void Dispose() => leave();
}
