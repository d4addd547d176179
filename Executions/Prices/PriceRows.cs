using System.Data.Common;
using System.Text.Json;
using OsMEN.Llm;

namespace OsMEN.Executions.Prices;

/// <summary>The user's prices in the table <c>prices</c>, times as Unix milliseconds. Its SQL is the same on both stores.</summary>
internal sealed class PriceRows(DbDataSource database)
{
    /// <summary>Changes whenever the table does, by whomever.</summary>
    public async Task<(long Count, long Latest)> ReadVersionAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT count(*), coalesce(max(updated_at), 0) FROM prices");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    public async Task<IReadOnlyList<PriceEntry>> ReadAllAsync(CancellationToken cancellationToken)
    {
        var entries = new List<PriceEntry>();
        await using var command = database.CreateCommand("SELECT name, entry FROM prices");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            using var json = JsonDocument.Parse(reader.GetString(1));
            if (PriceEntry.Read(reader.GetString(0), json.RootElement).Entry is { } entry)
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
        {
            await using var remove = connection.Command(transaction, "DELETE FROM prices WHERE lower(name) = lower(@name)", ("@name", name));
            await remove.ExecuteNonQueryAsync(cancellationToken);
        }

        foreach (var entry in content.Entries)
        {
            await using var write = connection.Command(
                transaction,
                """
                INSERT INTO prices (name, effective_from, entry, updated_at) VALUES (@name, @from, @entry, @at)
                ON CONFLICT (name, effective_from) DO UPDATE SET entry = excluded.entry, updated_at = excluded.updated_at
                """,
                ("@name", entry.Name), ("@from", entry.EffectiveFrom?.ToUnixTimeMilliseconds() ?? 0L), ("@entry", entry.Json), ("@at", updatedAt));
            await write.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }
}
