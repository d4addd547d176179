namespace OsMEN.LocalHosting.Otlp;

/// <summary>The newest structured logs. When there are too many or they are too big, the oldest go, and are counted.</summary>
internal sealed class LogStore(int maxLogs = 10_000, long maxBytes = Sizes.Logs)
{
    private readonly Lock _lock = new();
    private readonly Queue<(LogEntry Log, long Bytes)> _logs = new();
    private readonly long _maxBytes = maxBytes;
    private long _lastId;
    private long _bytes;
    private long _dropped;

    public StoreUse Use
    {
        get
        {
            lock (_lock)
                return new(_logs.Count, _dropped, _bytes, _maxBytes);
        }
    }

    /// <summary>The newest log's number; 0 before the first.</summary>
    public long Last
    {
        get
        {
            lock (_lock)
                return _lastId;
        }
    }

    public void Add(IReadOnlyList<LogEntry> logs)
    {
        lock (_lock)
        {
            foreach (var log in logs)
            {
                var kept = log with { Id = ++_lastId };
                var bytes = Sizes.Of(kept);
                _logs.Enqueue((kept, bytes));
                _bytes += bytes;
                while (_logs.Count > maxLogs || _bytes > _maxBytes)
                {
                    _bytes -= _logs.Dequeue().Bytes;
                    _dropped++;
                }
            }
        }
    }

    public LogEntry? Find(long id)
    {
        lock (_lock)
            return _logs.FirstOrDefault(l => l.Log.Id == id).Log;
    }

    /// <summary>The newest logs that match, oldest first.</summary>
    public IReadOnlyList<LogEntry> Query(LogFilter filter)
    {
        (LogEntry Log, long Bytes)[] all;
        lock (_lock)
            all = [.. _logs];
        var found = new List<LogEntry>();
        foreach (var (log, _) in all)
        {
            if (filter.Matches(log))
                found.Add(log);
        }

        return found.Count > filter.Limit ? found.GetRange(found.Count - filter.Limit, filter.Limit) : found;
    }
}

/// <summary>How much a store holds.</summary>
internal sealed record StoreUse(int Count, long Dropped, long Bytes, long MaxBytes);

/// <summary>Which logs are asked for; what is null does not matter.</summary>
internal sealed record LogFilter
{
    /// <summary>Only those that came after the log with this number.</summary>
    public long After { get; init; }

    public string? Service { get; init; }

    /// <summary>At least this severe.</summary>
    public int MinSeverity { get; init; }

    /// <summary>Part of the message, the category or an attribute's value.</summary>
    public string? Text { get; init; }

    public string? TraceId { get; init; }

    public int Limit { get; init; } = 10_000;

    public bool Matches(LogEntry log) =>
        log.Id > After
        && log.Severity >= MinSeverity
        && (Service is null || Service == log.Source.Service)
        && (TraceId is null || TraceId == log.TraceId)
        && (Text is null || Contains(log.Message) || Contains(log.Category) || log.Attributes.Any(a => Contains(a.Value)));

    private bool Contains(string text) => text.Contains(Text!, StringComparison.OrdinalIgnoreCase);
}
