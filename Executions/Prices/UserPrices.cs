using System.Data.Common;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OsMEN.Llm;

namespace OsMEN.Executions.Prices;

/// <summary>
/// Keeps a process' <see cref="PriceTable"/> in step with the prices in the database, which is looked at every second: a price that was put on
/// any gateway holds everywhere within two.
/// </summary>
public sealed partial class UserPrices : BackgroundService
{
    /// <summary>Most entries that the database may hold.</summary>
    public const int MaxEntries = PriceFile.MaxEntries;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly PriceTable _table;
    private readonly PriceRows _rows;
    private readonly ExecutionSchema _schema;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _refreshing = new(1);
    private (long Count, long Latest) _version = (0, 0);

    public UserPrices(PriceTable table, DbDataSource database, ExecutionSchema schema, TimeProvider time, ILogger<UserPrices> logger)
    {
        _table = table;
        _rows = new PriceRows(database);
        _schema = schema;
        _time = time;
        _logger = logger;
    }

    /// <summary>Removes and merges what a file says. False, and nothing is changed, when there would be more than <see cref="MaxEntries"/>.</summary>
    public async Task<bool> MergeAsync(PriceFileContent content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        await RefreshAsync(cancellationToken);
        var known = _table.UserEntries.Select(e => (e.Name, e.EffectiveFrom)).ToHashSet();
        if (known.Count + content.Entries.Count(e => !known.Contains((e.Name, e.EffectiveFrom))) > MaxEntries)
            return false;

        // Later than whatever is there, also when this clock is behind: readers notice changes by the latest time.
        var (_, latest) = await _rows.ReadVersionAsync(cancellationToken);
        await _rows.WriteAsync(content, Math.Max(_time.GetUtcNow().ToUnixTimeMilliseconds(), latest + 1), cancellationToken);
        await RefreshAsync(cancellationToken);
        return true;
    }

    /// <summary>Looks at the database now.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        await _refreshing.WaitAsync(cancellationToken);
        try
        {
            var version = await _rows.ReadVersionAsync(cancellationToken);
            if (version == _version)
                return;
            var entries = await _rows.ReadAllAsync(cancellationToken);
            _table.SetUserPrices(entries);
            _version = version;
            LogLoaded(_logger, entries.Count);
        }
        finally
        {
            _refreshing.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _schema.Ready.WaitAsync(stoppingToken);
        using var timer = new PeriodicTimer(Period, _time);
        do
        {
            try
            {
                await RefreshAsync(stoppingToken);
            }
            catch (Exception e) when (e is DbException or IOException or TimeoutException or InvalidOperationException)
            {
                LogStale(_logger, e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} prices of the user's own")]
    private static partial void LogLoaded(ILogger logger, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Prices could not be read; those known so far stay")]
    private static partial void LogStale(ILogger logger, Exception e);
}
