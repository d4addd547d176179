using System.Data.Common;
using Npgsql;

namespace OsMEN.Executions;

/// <summary>How the store connects to PostgreSQL.</summary>
internal static class PostgresDatabase
{
    // The queue is empty now and a million rows a minute later, so the planner's statistics of it are often wrong: it would then sort
    // all that is due for every claim. Every statement of ours has an index to walk (docs/decisions/0010).
    private static readonly (string Key, string Value)[] Defaults =
    [
        ("Search Path", "osmen"), ("Max Auto Prepare", "40"), ("Auto Prepare Min Usages", "2"),
        ("Options", "-c enable_seqscan=off -c enable_bitmapscan=off -c jit=off"),
    ];

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
