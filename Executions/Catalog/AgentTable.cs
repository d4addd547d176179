using System.Data.Common;

namespace OsMEN.Executions.Catalog;

/// <summary>Agents put or deleted by the API, in the table <c>agents</c>. Its SQL is the same on both stores.</summary>
internal sealed class AgentTable(DbDataSource database)
{
    /// <summary>Changes whenever the table does, by whomever.</summary>
    public async Task<(long Count, long Latest)> ReadVersionAsync(CancellationToken cancellationToken) =>
        (await database.QueryAsync<(long, long)>("SELECT count(*), coalesce(max(updated_at), 0) FROM agents", null, cancellationToken))[0];

    /// <summary>Every entry; a null definition hides the agent of that id.</summary>
    public async Task<Dictionary<string, AgentDefinition?>> ReadAllAsync(CancellationToken cancellationToken)
    {
        var rows = await database.QueryAsync<(string Id, string Definition, long Deleted)>("SELECT id, definition, deleted FROM agents", null, cancellationToken);
        return rows.ToDictionary(r => r.Id, r => r.Deleted == 0 ? AgentJson.Read(r.Definition).Definition : null, StringComparer.Ordinal);
    }

    /// <summary>The definition of one entry; null when there is none or it hides.</summary>
    public async Task<AgentDefinition?> FindAsync(string id, CancellationToken cancellationToken) =>
        await database.QueryAsync<string>("SELECT definition FROM agents WHERE id = @id AND deleted = 0", new { id }, cancellationToken) is [var json] ? AgentJson.Read(json).Definition : null;

    public Task WriteAsync(string id, AgentDefinition? definition, long updatedAt, CancellationToken cancellationToken) => database.ExecuteAsync(
        """
        INSERT INTO agents (id, definition, deleted, updated_at) VALUES (@id, @definition, @deleted, @updatedAt)
        ON CONFLICT (id) DO UPDATE SET definition = excluded.definition, deleted = excluded.deleted, updated_at = excluded.updated_at
        """,
        new { id, definition = definition is null ? "" : AgentJson.Write(definition), deleted = definition is null ? 1 : 0, updatedAt },
        cancellationToken);
}
