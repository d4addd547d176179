using System.Data.Common;

namespace OsMEN.Gateway.Security;

/// <summary>Commands with parameters; times are Unix milliseconds.</summary>
internal static class KeySql
{
    public static DbCommand Command(DbDataSource database, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        Complete(database.CreateCommand(sql), parameters);

    public static DbCommand Command(DbConnection connection, DbTransaction transaction, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = connection.CreateCommand();
        (command.CommandText, command.Transaction) = (sql, transaction);
        return Complete(command, parameters);
    }

    private static DbCommand Complete(DbCommand command, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        foreach (var (name, value) in parameters)
        {
            // One that the statement does not name would be refused.
            if (!command.CommandText.Contains(name, StringComparison.Ordinal))
                continue;
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value is DateTimeOffset at ? at.ToUnixTimeMilliseconds() : value ?? DBNull.Value;
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
