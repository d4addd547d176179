using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using OsMEN.ServiceDefaults;

namespace OsMEN.Executions;

internal sealed partial class SqliteExecutionStore
{
    public Task<Execution?> GetAsync(Guid id, CancellationToken cancellationToken) => ReadAsync(c => Get(c, id), cancellationToken);

    public Task<IReadOnlyList<Execution>> ListAsync(ExecutionQuery query, CancellationToken cancellationToken)
    {
        var where = new StringBuilder();
        var values = new List<object?>();
        void And(string condition, object value)
        {
            where.Append(where.Length == 0 ? "WHERE " : " AND ").Append(condition).Append(CultureInfo.InvariantCulture, $"@p{values.Count}");
            values.Add(value);
        }

        if (query.Kind is { } kind)
            And("e.kind = ", (int)kind);
        if (query.Target is { } target)
            And("e.target = ", target);
        if (query.User is { } user)
            And("e.user_id = ", user);
        if (query.ParentId is { } parent)
            And("e.parent_id = ", parent.Text());
        if (query.IsStep)
            And("(e.step IS NOT NULL) = ", 1);
        if (query.Status is { } status)
            And(status.IsFinal() ? "e.status = " : "CASE WHEN q.parked = 1 THEN 1 ELSE q.status END = ", (int)status);
        if (query.Since is { } since)
            And("e.id >= ", OrderedIds.FirstOf(since).Text());
        if (query.Until is { } until)
            And("e.id < ", OrderedIds.FirstOf(until).Text());
        if (query.Before is { } before)
            And("e.id < ", before.Text());
        return ReadAsync<IReadOnlyList<Execution>>(
            connection =>
            {
                using var command = connection.Command(
                    $"SELECT {SqliteRows.ExecutionColumns} FROM {SqliteRows.ExecutionTables} {where} ORDER BY e.id DESC LIMIT {query.Limit}",
                    [.. values]);
                using var reader = command.ExecuteReader();
                var found = new List<Execution>();
                while (reader.Read())
                    found.Add(SqliteRows.ReadExecution(reader));
                return found;
            },
            cancellationToken);
    }

    public Task<EventPage?> ReadEventsAsync(Guid id, long after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            connection =>
            {
                // One snapshot for both reads: a state read before an end would hide that no more events come.
                using var transaction = connection.BeginTransaction(deferred: true);
                if (Get(connection, id) is not { } execution)
                    return null;
                var page = new EventPageBuilder(id, after, limit, execution.Status, execution.CreatedAt);
                using var command = connection.Command(
                    "SELECT first_seq, frames FROM execution_events WHERE execution_id = @p0 AND last_seq > @p1 ORDER BY first_seq LIMIT @p2",
                    id.Text(), after, limit);
                using var reader = command.ExecuteReader();
                while (reader.Read() && page.Add(reader.GetInt64(0), reader.GetString(1)))
                {
                }

                page.AddEnd(execution);
                return page.Build();
            },
            cancellationToken);

    public Task<QueueDepth> GetDepthAsync(CancellationToken cancellationToken)
    {
        var now = Now();
        return ReadAsync(
            connection =>
            {
                using var command = connection.Command(
                    """
                    SELECT priority, kind, count(*) FILTER (WHERE status = 0 AND run_at <= @p0), count(*) FILTER (WHERE status = 0 AND run_at > @p0 AND parked = 0),
                      count(*) FILTER (WHERE status = 1), count(*) FILTER (WHERE status = 0 AND run_at > @p0 AND parked = 1), @p0 - coalesce(min(run_at) FILTER (WHERE status = 0 AND run_at <= @p0), @p0)
                    FROM execution_queue GROUP BY priority, kind
                    """,
                    now);
                using var reader = command.ExecuteReader();
                var depth = new QueueDepthBuilder();
                while (reader.Read())
                    depth.Add(reader.GetInt32(0), reader.GetInt32(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), TimeSpan.FromMicroseconds(reader.GetInt64(6)));
                return depth.Build();
            },
            cancellationToken);
    }

    private static Execution? Get(SqliteConnection connection, Guid id)
    {
        using var command = connection.Command($"SELECT {SqliteRows.ExecutionColumns} FROM {SqliteRows.ExecutionTables} WHERE e.id = @p0", id.Text());
        using var reader = command.ExecuteReader();
        return reader.Read() ? SqliteRows.ReadExecution(reader) : null;
    }
}
