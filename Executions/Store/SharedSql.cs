using System.Data.Common;

namespace OsMEN.Executions;

/// <summary>
/// Commands of the tables whose SQL is the same on both stores. A time is written as Unix milliseconds, an id as its text, null as NULL.
/// </summary>
public static class SharedSql
{
    // They read and write little. Where the database hangs, nobody should wait longer for that than a health check says so.
    private const int TimeoutSeconds = 10;

    /// <summary>A command on a connection of its own. Parameters that the statement does not name are left out.</summary>
    public static DbCommand Command(this DbDataSource database, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        ArgumentNullException.ThrowIfNull(database);
        return database.CreateCommand(sql).With(parameters);
    }

    /// <summary>The same as part of a transaction, if there is one.</summary>
    public static DbCommand Command(this DbConnection connection, DbTransaction? transaction, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var command = connection.CreateCommand();
        (command.CommandText, command.Transaction) = (sql, transaction);
        return command.With(parameters);
    }

    /// <summary>Runs one statement and answers how many rows it changed.</summary>
    public static async Task<int> ExecuteAsync(
        this DbDataSource database, string sql, (string Name, object? Value)[] parameters, CancellationToken cancellationToken)
    {
        await using var command = database.Command(sql, parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The rows of one query.</summary>
    public static async Task<List<T>> QueryAsync<T>(
        this DbDataSource database, string sql, (string Name, object? Value)[] parameters, Func<DbDataReader, T> read, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(read);
        await using var command = database.Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<T> rows = [];
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(read(reader));
        return rows;
    }

    public static DateTimeOffset Time(this DbDataReader reader, int column) => DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(column));

    public static DateTimeOffset? TimeOrNull(this DbDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.Time(column);

    public static string? TextOrNull(this DbDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static DbCommand With(this DbCommand command, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        command.CommandTimeout = TimeoutSeconds;
        foreach (var (name, value) in parameters)
        {
            if (!command.CommandText.Contains(name, StringComparison.Ordinal))
                continue;
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value switch
            {
                null => DBNull.Value,
                DateTimeOffset at => at.ToUnixTimeMilliseconds(),
                Guid id => id.ToString(),

                // PostgreSQL's texts have no NUL.
                string text => text.Replace('\0', ' '),
                _ => value,
            };
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
