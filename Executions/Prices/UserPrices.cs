using System.Data.Common;
using Microsoft.Extensions.Logging;
using OsMEN.Llm;

namespace OsMEN.Executions.Prices;

/// <summary>
/// Keeps a process' <see cref="PriceTable"/> in step with the prices in the database, which is looked at every second: a price that was put on
/// any gateway holds everywhere within two.
/// </summary>
public sealed partial class UserPrices : StoreLoop
{
    /// <summary>Most entries that the database may hold.</summary>
    public const int MaxEntries = PriceFile.MaxEntries;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly PriceTable _table;
    private readonly PriceRows _rows;
    private readonly SemaphoreSlim _refreshing = new(1);
    private (long Count, long Latest) _version = (0, 0);

    public UserPrices(PriceTable table, DbDataSource database, ExecutionSchema schema, TimeProvider time, ILogger<UserPrices> logger)
        : base(schema, Period, "Prices could not be read; those known so far stay", time, logger)
    {
        _table = table;
        _rows = new PriceRows(database);
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
        await _rows.WriteAsync(content, Math.Max(Time.GetUtcNow().ToUnixTimeMilliseconds(), latest + 1), cancellationToken);
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
            LogLoaded(Logger, entries.Count);
        }
        finally
        {
            _refreshing.Release();
        }
    }

    protected override Task RunOnceAsync(CancellationToken cancellationToken) => RefreshAsync(cancellationToken);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} prices of the user's own")]
    private static partial void LogLoaded(ILogger logger, int count);
}
