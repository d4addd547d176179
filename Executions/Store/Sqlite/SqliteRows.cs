using System.Globalization;
using Microsoft.Data.Sqlite;
using OsMEN.Llm;

namespace OsMEN.Executions;

/// <summary>The SQLite store's types: ids as text, times as Unix microseconds, money as billionths of a dollar.</summary>
internal static class SqliteRows
{
    public const string ExecutionColumns = """
        e.id, e.kind, e.target, e.parent_id, e.user_id, coalesce(CASE WHEN q.parked = 1 THEN 1 ELSE q.status END, e.status), e.priority, e.input, e.output, e.error_type,
        e.error_message, coalesce(q.attempt, e.attempt), e.max_attempts, e.created_at, CASE WHEN q.parked = 1 THEN e.run_at ELSE coalesce(q.run_at, e.run_at) END,
        coalesce(q.started_at, e.started_at), e.completed_at, e.timeout_ms, e.budget_nano, e.metadata, e.platform, e.model,
        e.input_tokens, e.output_tokens, e.cached_tokens, e.cache_write_tokens, e.reasoning_tokens, e.cost_nano,
        coalesce(q.worker, e.worker), e.trace_parent, e.request_id, e.key_id, e.step
        """;

    public const int ExecutionColumnCount = 33;

    public const string ExecutionTables = "executions e LEFT JOIN execution_queue q ON q.id = e.id";

    private const decimal Nano = 1_000_000_000m;

    public static string Text(this Guid id) => id.ToString();

    public static long Micros(this DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond;

    public static long Micros(this TimeSpan span) => span.Ticks / TimeSpan.TicksPerMicrosecond;

    public static long? Nanos(this decimal? dollars) => dollars is { } d ? (long)Math.Round(d * Nano) : null;

    public static decimal Dollars(long nanos) => nanos / Nano;

    /// <summary>A command with values for @p0, @p1, …</summary>
    public static SqliteCommand Command(this SqliteConnection connection, string sql, params ReadOnlySpan<object?> values)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < values.Length; i++)
            command.Parameters.AddWithValue(string.Create(CultureInfo.InvariantCulture, $"@p{i}"), values[i] ?? DBNull.Value);
        return command;
    }

    /// <summary>New values for a command that is run again and again.</summary>
    public static int Run(this SqliteCommand command, params ReadOnlySpan<object?> values)
    {
        for (var i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        return command.ExecuteNonQuery();
    }

    public static int Execute(this SqliteConnection connection, string sql, params ReadOnlySpan<object?> values)
    {
        using var command = connection.Command(sql, values);
        return command.ExecuteNonQuery();
    }

    public static Execution ReadExecution(SqliteDataReader r) => new()
    {
        Id = Guid.Parse(r.GetString(0)),
        Kind = (ExecutionKind)r.GetInt32(1),
        Target = r.GetString(2),
        ParentId = r.IsDBNull(3) ? null : Guid.Parse(r.GetString(3)),
        User = r.GetString(4),
        Status = (ExecutionStatus)r.GetInt32(5),
        Priority = r.GetInt32(6),
        Input = r.GetString(7),
        Output = TextOrNull(r, 8),
        Error = TextOrNull(r, 9) is { } type ? new ExecutionError(type, TextOrNull(r, 10) ?? "") : null,
        Attempt = r.GetInt32(11),
        MaxAttempts = r.GetInt32(12),
        CreatedAt = Time(r.GetInt64(13)),
        RunAt = Time(r.GetInt64(14)),
        StartedAt = r.IsDBNull(15) ? null : Time(r.GetInt64(15)),
        CompletedAt = r.IsDBNull(16) ? null : Time(r.GetInt64(16)),
        Timeout = r.IsDBNull(17) ? null : TimeSpan.FromMilliseconds(r.GetInt64(17)),
        BudgetUsd = r.IsDBNull(18) ? null : r.GetInt64(18) / Nano,
        Metadata = TextOrNull(r, 19),
        Platform = TextOrNull(r, 20),
        Model = TextOrNull(r, 21),
        Tokens = new TokenUsage(r.GetInt64(22), r.GetInt64(23), r.GetInt64(24), r.GetInt64(25), r.GetInt64(26)),
        CostUsd = r.GetInt64(27) / Nano,
        Worker = TextOrNull(r, 28),
        TraceParent = TextOrNull(r, 29),
        RequestId = TextOrNull(r, 30),
        KeyId = TextOrNull(r, 31),
        Step = TextOrNull(r, 32),
    };

    public static DateTimeOffset Time(long micros) => DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);

    private static string? TextOrNull(SqliteDataReader r, int i) => r.IsDBNull(i) ? null : r.GetString(i);
}
