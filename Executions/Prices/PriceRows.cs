using System.Data.Common;
using System.Text.Json;
using OsMEN.Llm;

namespace OsMEN.Executions.Prices;

/// <summary>The user's prices in the table <c>prices</c>, times as Unix milliseconds. Its SQL is the same on both stores.</summary>
internal sealed class PriceRows(DbDataSource database)
{
    /// <summary>Changes whenever the table does, by whomever.</summary>
    public async Task<(long Count, long Latest)> ReadVersionAsync(CancellationToken cancellationToken) =>
        (await database.QueryAsync<(long, long)>("SELECT count(*), coalesce(max(updated_at), 0) FROM prices", null, cancellationToken))[0];

    public async Task<IReadOnlyList<PriceEntry>> ReadAllAsync(CancellationToken cancellationToken)
    {
        var entries = new List<PriceEntry>();
        foreach (var (name, text) in await database.QueryAsync<(string, string)>("SELECT name, entry FROM prices", null, cancellationToken))
        {
            using var json = JsonDocument.Parse(text);
            if (PriceEntry.Read(name, json.RootElement).Entry is { } entry)
                entries.Add(entry);
        }

        return entries;
    }

    /// <summary>Removes and writes in one transaction.</summary>
    public async Task WriteAsync(PriceFileContent content, long updatedAt, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        foreach (var name in content.Removed)
            await transaction.ExecuteAsync("DELETE FROM prices WHERE lower(name) = lower(@name)", new { name }, cancellationToken);
        foreach (var entry in content.Entries)
        {
            await transaction.ExecuteAsync(
                """
                INSERT INTO prices (name, effective_from, entry, updated_at) VALUES (@Name, @from, @Json, @updatedAt)
                ON CONFLICT (name, effective_from) DO UPDATE SET entry = excluded.entry, updated_at = excluded.updated_at
                """,
                new { entry.Name, from = entry.EffectiveFrom ?? DateTimeOffset.UnixEpoch, entry.Json, updatedAt }, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }
}
