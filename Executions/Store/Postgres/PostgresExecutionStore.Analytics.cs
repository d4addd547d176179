using Npgsql;
using OsMEN.Executions.Analytics;

namespace OsMEN.Executions;

internal sealed partial class PostgresExecutionStore
{
    // A report reads a large part of the table, which the settings of our connections (see PostgresDatabase) would make it do row by
    // row along an index; and it must not hold a connection for ever.
    private const string ReportSettings = "SET LOCAL enable_seqscan = on; SET LOCAL enable_bitmapscan = on; SET LOCAL work_mem = '32MB'; SET LOCAL statement_timeout = '30s'";

    public async Task<IReadOnlyList<object?[]>> ReadViewAsync(AnalyticsQuery query, CancellationToken cancellationToken)
    {
        var view = query.View;
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, ReportSettings, cancellationToken);
        await using var command = new NpgsqlCommand { Connection = connection };

        // Bytes in order, as on SQLite, whatever the database's collation.
        var isText = view.Key.Kind == AnalyticsColumnKind.Text;
        var key = isText ? $"{view.Key.Name} COLLATE \"C\"" : view.Key.Name;
        var type = isText ? "text" : "date";
        var where = "";
        if (query.Only is { } only)
        {
            command.Parameters.Add(P(only));
            where = $"WHERE {view.Key.Name} = $1::{type}";
        }

        if (query.After is { } after)
        {
            command.Parameters.Add(P(after));
            where += $"{(where.Length == 0 ? "WHERE" : " AND")} {key} {(view.Descending ? '<' : '>')} ${command.Parameters.Count}::{type}";
        }

        command.CommandText =
            $"SELECT {string.Join(", ", view.Columns.Select(c => c.Name))} FROM {view.Name} {where} ORDER BY {key}{(view.Descending ? " DESC" : "")} LIMIT {query.Limit}";
        var rows = new List<object?[]>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            rows.Add([.. view.Columns.Select((column, i) => reader.IsDBNull(i) ? null : Read(reader, i, column.Kind))]);
        return rows;
    }

    private static object Read(NpgsqlDataReader reader, int i, AnalyticsColumnKind kind) => kind switch
    {
        AnalyticsColumnKind.Text => reader.GetString(i),
        AnalyticsColumnKind.Date => reader.GetFieldValue<DateOnly>(i),
        AnalyticsColumnKind.Time => reader.GetFieldValue<DateTimeOffset>(i),
        AnalyticsColumnKind.Count => reader.GetInt64(i),
        AnalyticsColumnKind.Number => reader.GetDouble(i),
        _ => reader.GetDecimal(i),
    };
}
