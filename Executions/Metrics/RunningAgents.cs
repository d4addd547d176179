using System.Data.Common;

namespace OsMEN.Executions.Metrics;

/// <summary>How many executions of each agent hold a slot now.</summary>
public static class RunningAgents
{
    // The queue's rows that run are as few as there are slots.
    private const string Sql = """
        SELECT e.target, count(*) FROM execution_queue q JOIN executions e ON e.id = q.id WHERE q.status = 1 AND e.kind = 0 GROUP BY e.target ORDER BY 2 DESC LIMIT 1000
        """;

    public static async Task<Dictionary<string, long>> CountAsync(DbDataSource database, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        await using var command = database.CreateCommand(Sql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            counts[reader.GetString(0)] = reader.GetInt64(1);
        return counts;
    }
}
