using System.Data.Common;

namespace OsMEN.Executions;

/// <summary>Something that an agent was told to remember.</summary>
public sealed record MemoryEntry(string Name, string Content, DateTimeOffset UpdatedAt);

/// <summary>
/// What agents remember, each for one user, in the table <c>agent_memories</c>: at most <see cref="MaxEntries"/> entries, of which the
/// oldest gives way. Its SQL is the same on both stores.
/// </summary>
public sealed class AgentMemory(DbDataSource database, TimeProvider time)
{
    public const int MaxEntries = 200;
    public const int MaxName = 100;
    public const int MaxContent = 4000;

    /// <summary>Writes an entry, over one of the same name.</summary>
    /// <exception cref="ArgumentException">A text is empty or too long.</exception>
    public async Task WriteAsync(string agent, string user, string name, string content, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Length > MaxName)
            throw new ArgumentException($"The name must have 1 to {MaxName} characters.", nameof(name));
        if (string.IsNullOrWhiteSpace(content) || content.Length > MaxContent)
            throw new ArgumentException($"The content must have 1 to {MaxContent} characters.", nameof(content));
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await transaction.ExecuteAsync(
            """
            INSERT INTO agent_memories (agent, user_id, name, content, updated_at) VALUES (@agent, @user, @name, @content, @now)
            ON CONFLICT (agent, user_id, name) DO UPDATE SET content = excluded.content, updated_at = excluded.updated_at
            """,
            new { agent, user, name, content, now = time.GetUtcNow() }, cancellationToken);
        await transaction.ExecuteAsync(
            """
            DELETE FROM agent_memories WHERE agent = @agent AND user_id = @user AND name IN (
              SELECT name FROM agent_memories WHERE agent = @agent AND user_id = @user AND name <> @name ORDER BY updated_at DESC, name LIMIT @all OFFSET @rest)
            """,
            new { agent, user, name, all = 10 * MaxEntries, rest = MaxEntries - 1 }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>All entries, newest first.</summary>
    public async Task<IReadOnlyList<MemoryEntry>> ReadAsync(string agent, string user, CancellationToken cancellationToken) => await database.QueryAsync<MemoryEntry>(
        "SELECT name, content, updated_at FROM agent_memories WHERE agent = @agent AND user_id = @user ORDER BY updated_at DESC, name", new { agent, user }, cancellationToken);
}
