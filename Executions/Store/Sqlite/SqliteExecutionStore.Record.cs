using Microsoft.Data.Sqlite;
using OsMEN.Llm;

namespace OsMEN.Executions;

internal sealed partial class SqliteExecutionStore
{
    public Task<IReadOnlyList<bool>> RecordAsync(IReadOnlyList<ExecutionRecord> items, CancellationToken cancellationToken) =>
        WriteAsync<IReadOnlyList<bool>>(
            connection =>
            {
                using var commands = new RecordCommands(connection);
                var held = new bool[items.Count];
                var now = Now();
                for (var i = 0; i < held.Length; i++)
                    held[i] = commands.Record(items[i], now);
                return held;
            },
            cancellationToken);

    /// <summary>The statements of one batch, compiled once.</summary>
    private sealed class RecordCommands(SqliteConnection connection) : IDisposable
    {
        private const string Held = "WHERE id = @p0 AND fence = @p1 AND status = 1";

        private readonly SqliteCommand _look = connection.Command($"SELECT EXISTS (SELECT 1 FROM execution_queue {Held})", new object?[2]);

        private readonly SqliteCommand _remove = connection.Command("DELETE FROM execution_queue WHERE id = @p0", new object?[1]);

        private readonly SqliteCommand _back = connection.Command(
            "UPDATE execution_queue SET status = 0, worker = NULL, lease_until = NULL, run_at = @p1, attempt = attempt + parked - @p2 WHERE id = @p0",
            new object?[3]);

        private readonly SqliteCommand _park = connection.Command(
            """
            UPDATE execution_queue SET status = 0, parked = 1, worker = NULL, lease_until = NULL,
              attempt = (SELECT attempt FROM executions WHERE id = @p0) + 1,
              run_at = CASE WHEN wakes <> @p2 OR cancel_requested = 1 THEN @p3 ELSE @p1 END
            WHERE id = @p0
            """,
            new object?[4]);

        private readonly SqliteCommand _end = connection.Command(
            """
            UPDATE executions SET status = @p1, output = @p2, error_type = @p3, error_message = @p4, completed_at = @p5, revenue_nano = @p6,
              (attempt, fence, started_at, worker) = (SELECT attempt, fence, started_at, worker FROM execution_queue WHERE id = @p0)
            WHERE id = @p0
            """,
            new object?[7]);

        private readonly SqliteCommand _endedBefore = connection.Command(
            "SELECT EXISTS (SELECT 1 FROM executions WHERE id = @p0 AND fence = @p1 AND status = @p2)", new object?[3]);

        private readonly SqliteCommand _events = connection.Command(
            "INSERT INTO execution_events VALUES (@p0, @p1, @p2, @p3, @p4) ON CONFLICT DO NOTHING", new object?[5]);

        private readonly SqliteCommand _call = connection.Command(
            """
            INSERT INTO llm_calls (id, execution_id, platform, model, started_at, duration_ms, first_token_ms, status, error, input_tokens,
              output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, estimated, cost_nano)
            VALUES (@p0, @p1, @p2, @p3, @p4, @p5, @p6, @p7, @p8, @p9, @p10, @p11, @p12, @p13, @p14, @p15)
            ON CONFLICT DO NOTHING
            """,
            new object?[16]);

        private readonly SqliteCommand _spend = connection.Command(
            """
            UPDATE executions SET platform = @p1, model = @p2, input_tokens = input_tokens + @p3, output_tokens = output_tokens + @p4,
              cached_tokens = cached_tokens + @p5, cache_write_tokens = cache_write_tokens + @p6,
              reasoning_tokens = reasoning_tokens + @p7, cost_nano = cost_nano + @p8
            WHERE id = @p0
            """,
            new object?[9]);

        public bool Record(ExecutionRecord item, long now)
        {
            var id = item.Lease.Execution.Text();

            // Calls are recorded in any case: their money was spent whoever holds the execution now.
            foreach (var call in item.Calls)
                Record(id, call);
            _look.Parameters[0].Value = id;
            _look.Parameters[1].Value = item.Lease.Fence;
            if (_look.ExecuteScalar() is not 1L)
                return item.End is { } e && e.Status.IsFinal() && EndedBefore(id, item.Lease.Fence, e.Status);
            if (item.Events is { } events)
                _events.Run(id, events.FirstSeq, events.LastSeq, now, events.Text);
            switch (item.End)
            {
                case null:
                    break;
                case { Status: ExecutionStatus.Pending } end:
                    _back.Run(id, end.RunAt?.Micros() ?? now, end.CountAttempt ? 0 : 1);
                    break;
                case { IsPark: true } end:
                    _park.Run(id, end.RunAt?.Micros() ?? now, end.Wakes, now);
                    break;
                case { } end:
                    _end.Run(id, (int)end.Status, end.Output, end.Error?.Type, end.Error?.Message, now, end.RevenueUsd.Nanos());
                    _remove.Run(id);
                    if (item.Workflow is { } workflow)
                        Wake(connection, workflow.Text(), now);
                    break;
            }

            return true;
        }

        public void Dispose()
        {
            foreach (var command in (SqliteCommand[])[_look, _remove, _back, _park, _end, _endedBefore, _events, _call, _spend])
                command.Dispose();
        }

        private void Record(string execution, LlmCall c)
        {
            var t = c.Tokens;
            var isNew = _call.Run(
                c.Id.Text(), execution, c.Platform, c.Model, c.StartedAt.Micros(), c.Duration.TotalMilliseconds, c.TimeToFirstToken?.TotalMilliseconds,
                (int)c.Status, c.Error, t.Input, t.Output, t.CachedInput, t.CacheWrite, t.Reasoning, c.Estimated ? 1 : 0, c.CostUsd.Nanos()) == 1;
            if (c.HeldUsd is not null)
                Settle(connection, c.Id.Text(), c.CostUsd.Nanos());
            if (isNew)
                _spend.Run(execution, c.Platform, c.Model, t.Input, t.Output, t.CachedInput, t.CacheWrite, t.Reasoning, c.CostUsd.Nanos() ?? 0);
        }

        // A batch whose commit was confirmed to nobody is sent again: its ends stand under their own fence.
        private bool EndedBefore(string id, long fence, ExecutionStatus status)
        {
            _endedBefore.Parameters[0].Value = id;
            _endedBefore.Parameters[1].Value = fence;
            _endedBefore.Parameters[2].Value = (int)status;
            return _endedBefore.ExecuteScalar() is 1L;
        }
    }
}
