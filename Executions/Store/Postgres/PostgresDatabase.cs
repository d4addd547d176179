using System.Data.Common;
using Npgsql;

namespace OsMEN.Executions;

/// <summary>How the store connects to PostgreSQL.</summary>
internal static class PostgresDatabase
{
    private static readonly (string Key, string Value)[] Defaults =
        [("Search Path", "osmen"), ("Max Auto Prepare", "40"), ("Auto Prepare Min Usages", "2")];

    /// <summary>A pool on <paramref name="connectionString"/>, whose own settings win over ours.</summary>
    public static NpgsqlDataSource Create(string connectionString) => new NpgsqlDataSourceBuilder(Complete(connectionString)).Build();

    /// <summary>Adds what the store relies on: its schema, and statements prepared by themselves, since there are few.</summary>
    public static string Complete(string connectionString)
    {
        var given = new DbConnectionStringBuilder { ConnectionString = connectionString };
        foreach (var (key, value) in Defaults)
        {
            if (!given.ContainsKey(key))
                given[key] = value;
        }

        return given.ConnectionString;
    }
}
