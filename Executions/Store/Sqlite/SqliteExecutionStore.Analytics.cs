using System.Globalization;
using Microsoft.Data.Sqlite;
using OsMEN.Executions.Analytics;

namespace OsMEN.Executions;

internal sealed partial class SqliteExecutionStore
{
    public Task<IReadOnlyList<object?[]>> ReadViewAsync(AnalyticsQuery query, CancellationToken cancellationToken)
    {
        var view = query.View;
        var where = "";
        var values = new List<object?>();
        if (query.Only is { } only)
        {
            values.Add(only);
            where = $"WHERE {view.Key.Name} = @p0";
        }

        if (query.After is { } after)
        {
            where += string.Create(CultureInfo.InvariantCulture, $"{(where.Length == 0 ? "WHERE" : " AND")} {view.Key.Name} {(view.Descending ? '<' : '>')} @p{values.Count}");
            values.Add(after);
        }

        return ReadAsync<IReadOnlyList<object?[]>>(
            connection =>
            {
                using var command = connection.Command(
                    $"SELECT {string.Join(", ", view.Columns.Select(c => c.Name))} FROM {view.Name} {where} ORDER BY {view.Key.Name}{(view.Descending ? " DESC" : "")} LIMIT {query.Limit}",
                    [.. values]);
                using var reader = command.ExecuteReader();
                var rows = new List<object?[]>();
                while (reader.Read())
                    rows.Add([.. view.Columns.Select((column, i) => reader.IsDBNull(i) ? null : Read(reader, i, column.Kind))]);
                return rows;
            },
            cancellationToken);
    }

    private static object Read(SqliteDataReader reader, int i, AnalyticsColumnKind kind) => kind switch
    {
        AnalyticsColumnKind.Text => reader.GetString(i),
        AnalyticsColumnKind.Date => DateOnly.ParseExact(reader.GetString(i), "yyyy-MM-dd", CultureInfo.InvariantCulture),
        AnalyticsColumnKind.Time => DateTimeOffset.Parse(reader.GetString(i), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
        AnalyticsColumnKind.Count => reader.GetInt64(i),
        AnalyticsColumnKind.Number => reader.GetDouble(i),

        // Back to the whole number that it was summed as: a double shows it inexactly, but nearest to it.
        _ => (decimal)Math.Round(reader.GetDouble(i) * 1e9) / 1_000_000_000m,
    };
}
