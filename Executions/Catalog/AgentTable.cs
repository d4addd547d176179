using System.Data.Common;

namespace OsMEN.Executions.Catalog;

/// <summary>Agents put or deleted by the API, in the table <c>agents</c>. Its SQL is the same on both stores.</summary>
internal sealed class AgentTable(DbDataSource database)
{
    /// <summary>Changes whenever the table does, by whomever.</summary>
    public async Task<(long Count, long Latest)> ReadVersionAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT count(*), coalesce(max(updated_at), 0) FROM agents");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    /// <summary>Every entry; a null definition hides the agent of that id.</summary>
    public async Task<Dictionary<string, AgentDefinition?>> ReadAllAsync(CancellationToken cancellationToken)
    {
        var agents = new Dictionary<string, AgentDefinition?>(StringComparer.Ordinal);
        await using var command = database.CreateCommand("SELECT id, definition, deleted FROM agents");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            agents[reader.GetString(0)] = reader.GetInt32(2) == 0 ? AgentJson.Read(reader.GetString(1)).Definition : null;
        return agents;
    }

    /// <summary>The definition of one entry; null when there is none or it hides.</summary>
    public async Task<AgentDefinition?> FindAsync(string id, CancellationToken cancellationToken)
    {
        await using var command = database.Command("SELECT definition FROM agents WHERE id = @id AND deleted = 0", ("@id", id));
        return await command.ExecuteScalarAsync(cancellationToken) is string json ? AgentJson.Read(json).Definition : null;
    }

    public async Task WriteAsync(string id, AgentDefinition? definition, long updatedAt, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            """
            INSERT INTO agents (id, definition, deleted, updated_at) VALUES (@id, @definition, @deleted, @updated_at)
            ON CONFLICT (id) DO UPDATE SET definition = excluded.definition, deleted = excluded.deleted, updated_at = excluded.updated_at
            """,
            ("@id", id), ("@definition", definition is null ? "" : AgentJson.Write(definition)), ("@deleted", definition is null ? 1 : 0), ("@updated_at", updatedAt));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
