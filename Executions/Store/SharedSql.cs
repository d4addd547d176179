using System.Data;
using System.Data.Common;
using Dapper;

namespace OsMEN.Executions;

/// <summary>
/// Dapper for the tables whose SQL is the same on both stores. A <see cref="DateTimeOffset"/> is stored as Unix milliseconds and a
/// <see cref="Guid"/> as its text; an anonymous object gives the parameters, in the letter case of the statement.
/// </summary>
/// <remarks>Dapper's handlers are global: they hold for any other use of Dapper in the process.</remarks>
public static class SharedSql
{
    // These statements read and write little. Where the database hangs, nobody should wait longer for them than a health check takes to report it.
    private const int TimeoutSeconds = 10;

    static SharedSql()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        Map<DateTimeOffset>(DbType.Int64, time => time.ToUnixTimeMilliseconds(), value => DateTimeOffset.FromUnixTimeMilliseconds((long)value));
        Map<Guid>(DbType.String, id => id.ToString(), value => Guid.Parse((string)value));

        // PostgreSQL's text has no NUL.
        Map<string>(DbType.String, text => text.Replace('\0', ' '), value => (string)value);
    }

    /// <summary>Reads and writes values of <typeparamref name="T"/>, such as a record kept as JSON, as a column of <paramref name="type"/>.</summary>
    public static void Map<T>(DbType type, Func<T, object> write, Func<object, T> read)
        where T : notnull
    {
        SqlMapper.RemoveTypeMap(typeof(T));
        SqlMapper.AddTypeHandler(typeof(T), new Column<T>(type, write, read));
    }

    /// <summary>Runs one statement and returns how many rows it changed.</summary>
    public static async Task<int> ExecuteAsync(this DbDataSource database, string sql, object? parameters, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(Command(sql, parameters, null, cancellationToken));
    }

    /// <summary>Runs one statement of a transaction and returns how many rows it changed.</summary>
    public static Task<int> ExecuteAsync(this DbTransaction transaction, string sql, object? parameters, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return transaction.Connection!.ExecuteAsync(Command(sql, parameters, transaction, cancellationToken));
    }

    /// <summary>The rows of one query: a tuple takes the columns in their order, a type with properties takes them by name.</summary>
    public static async Task<List<T>> QueryAsync<T>(this DbDataSource database, string sql, object? parameters, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<T>(Command(sql, parameters, null, cancellationToken))).AsList();
    }

    /// <summary>The rows of one query in a transaction.</summary>
    public static async Task<List<T>> QueryAsync<T>(this DbTransaction transaction, string sql, object? parameters, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return (await transaction.Connection!.QueryAsync<T>(Command(sql, parameters, transaction, cancellationToken))).AsList();
    }

    private static CommandDefinition Command(string sql, object? parameters, DbTransaction? transaction, CancellationToken cancellationToken) =>
        new(sql, parameters, transaction, TimeoutSeconds, cancellationToken: cancellationToken);

    private sealed class Column<T>(DbType type, Func<T, object> write, Func<object, T> read) : SqlMapper.ITypeHandler
        where T : notnull
    {
        public void SetValue(IDbDataParameter parameter, object value)
        {
            parameter.DbType = type;
            parameter.Value = value is T typed ? write(typed) : DBNull.Value;
        }

        public object? Parse(Type destinationType, object value) => value is DBNull ? null : read(value);
    }
}
