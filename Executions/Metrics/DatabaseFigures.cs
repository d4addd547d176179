using System.Data.Common;

namespace OsMEN.Executions.Metrics;

/// <summary>A table and all that belongs to it; rows are the database's own estimate.</summary>
public sealed record TableFigures(string Name, long Bytes, long Rows);

/// <summary>What the database tells of itself.</summary>
/// <param name="SizeBytes">Of this database.</param>
/// <param name="Connections">To this database from everybody; null on SQLite.</param>
/// <param name="MaxConnections">That the server takes; null on SQLite.</param>
/// <param name="HitPercent">Of blocks read, how many were in memory; null on SQLite or before the first.</param>
/// <param name="Tables">The largest, largest first; none on SQLite.</param>
public sealed record DatabaseFigures(long SizeBytes, int? Connections, int? MaxConnections, double? HitPercent, IReadOnlyList<TableFigures> Tables)
{
    private const string Sqlite = "SELECT page_count * page_size, NULL, NULL, NULL FROM pragma_page_count(), pragma_page_size()";

    private const string Postgres = """
        SELECT pg_database_size(datname), numbackends, current_setting('max_connections')::integer, 100.0 * blks_hit / nullif(blks_hit + blks_read, 0)
        FROM pg_stat_database WHERE datname = current_database()
        """;

    private const string PostgresTables = """
        SELECT c.relname, pg_total_relation_size(c.oid), greatest(c.reltuples, pg_stat_get_live_tuples(c.oid))::bigint FROM pg_class c
        WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace ORDER BY 2 DESC, 1 LIMIT 8
        """;

    public static async Task<DatabaseFigures> ReadAsync(DbDataSource database, bool isPostgres, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        var tables = new List<TableFigures>();
        if (isPostgres)
        {
            await using var sizes = database.CreateCommand(PostgresTables);
            await using var table = await sizes.ExecuteReaderAsync(cancellationToken);
            while (await table.ReadAsync(cancellationToken))
                tables.Add(new TableFigures(table.GetString(0), table.GetInt64(1), table.GetInt64(2)));
        }

        await using var command = database.CreateCommand(isPostgres ? Postgres : Sqlite);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new DatabaseFigures(
            reader.GetInt64(0),
            reader.IsDBNull(1) ? null : reader.GetInt32(1),
            reader.IsDBNull(2) ? null : reader.GetInt32(2),
            reader.IsDBNull(3) ? null : Math.Round(Convert.ToDouble(reader.GetValue(3), System.Globalization.CultureInfo.InvariantCulture), 2),
            tables);
    }
}
