using System.Data.Common;
using System.Text.Json;
using OsMEN.Executions;
using OsMEN.ServiceDefaults;

namespace OsMEN.Gateway.Alerts.Notices;

/// <summary>A notice that waits to be delivered.</summary>
internal sealed record WaitingNotice(string Id, string Channel, Notice Notice, int Attempts, DateTimeOffset CreatedAt);

/// <summary>How the attempt to have a notice to send ended.</summary>
internal enum NoticeClaim
{
    Claimed,

    /// <summary>Somebody has it already.</summary>
    Taken,

    /// <summary>Its channel was sent as many within the last minute as it may be.</summary>
    OverLimit,
}

/// <summary>What has been told (<c>alert_groups</c>) and what is to be told (<c>alert_notices</c>): both change in one transaction, so nothing is told twice or forgotten.</summary>
internal sealed class NoticeTable(DbDataSource database)
{
    private static readonly TimeSpan RateWindow = TimeSpan.FromMinutes(1);

    public Task<List<NoticeGroup>> ReadGroupsAsync(CancellationToken cancellationToken) => database.QueryAsync(
        "SELECT state FROM alert_groups ORDER BY id", [], r => JsonSerializer.Deserialize(r.GetString(0), AlertJsonContext.Default.NoticeGroup)!, cancellationToken);

    /// <summary>Due notices, oldest first; of those of one channel and group only the first.</summary>
    public Task<List<WaitingNotice>> ReadDueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) => database.QueryAsync(
        """
        SELECT n.id, n.channel, n.content, n.attempts, n.created_at, n.unsure FROM alert_notices n
        WHERE n.state = 'waiting' AND n.due_at <= @now AND NOT EXISTS (
          SELECT 1 FROM alert_notices e WHERE e.state = 'waiting' AND e.channel = n.channel AND e.group_id = n.group_id AND e.id < n.id)
        ORDER BY n.id LIMIT @limit
        """,
        [("@now", now), ("@limit", limit)],
        r => new WaitingNotice(r.GetString(0), r.GetString(1), Notice.FromJson(r.GetString(2)) with { MayRepeat = r.GetInt64(5) == 1 }, (int)r.GetInt64(3), r.Time(4)), cancellationToken);

    /// <summary>
    /// In the leader's transaction: until then nobody else takes it. What has been sent within a minute is counted there too, so that the limit holds
    /// whichever gateway leads. From here until <see cref="EndAsync"/> nobody knows whether it has arrived.
    /// </summary>
    /// <param name="rateLimit">Most of its channel within a minute.</param>
    public static async Task<NoticeClaim> ClaimAsync(
        DbConnection connection, DbTransaction transaction, WaitingNotice notice, int rateLimit, DateTimeOffset now, DateTimeOffset until, CancellationToken cancellationToken)
    {
        // What is later than now is of a clock that is ahead: it counts, but not for ever.
        await using var forget = connection.Command(transaction, "DELETE FROM alert_sends WHERE sent_at <= @past OR sent_at > @future", ("@past", now - RateWindow), ("@future", now + RateWindow));
        await forget.ExecuteNonQueryAsync(cancellationToken);
        await using var count = connection.Command(transaction, "SELECT count(*) FROM alert_sends WHERE channel = @channel", ("@channel", notice.Channel));
        if ((long)(await count.ExecuteScalarAsync(cancellationToken))! >= rateLimit) return NoticeClaim.OverLimit;
        await using var claim = connection.Command(
            transaction, "UPDATE alert_notices SET attempts = attempts + 1, due_at = @until, unsure = 1 WHERE id = @id AND state = 'waiting' AND due_at <= @now AND attempts = @attempts",
            ("@until", until), ("@id", notice.Id), ("@now", now), ("@attempts", (long)notice.Attempts));
        if (await claim.ExecuteNonQueryAsync(cancellationToken) != 1) return NoticeClaim.Taken;
        await using var send = connection.Command(transaction, "INSERT INTO alert_sends (channel, sent_at) VALUES (@channel, @now)", ("@channel", notice.Channel), ("@now", now));
        await send.ExecuteNonQueryAsync(cancellationToken);
        return NoticeClaim.Claimed;
    }

    /// <summary>Says how an attempt ended: <paramref name="again"/> is when to try again, null when it is over; <paramref name="unsure"/> whether this attempt or one before may have arrived.</summary>
    public Task EndAsync(string id, string? error, DateTimeOffset? again, bool unsure, DateTimeOffset now, CancellationToken cancellationToken) => database.ExecuteAsync(
        "UPDATE alert_notices SET state = @state, due_at = @due, ended_at = @ended, error = @error, unsure = @unsure WHERE id = @id AND state = 'waiting'",
        [
            ("@state", again is not null ? "waiting" : error is null ? "sent" : "failed"), ("@due", again ?? now),
            ("@ended", again is null ? now.ToUnixTimeMilliseconds() : null), ("@error", error), ("@unsure", unsure ? 1L : 0L), ("@id", id),
        ], cancellationToken);

    public static async Task WriteAsync(DbConnection connection, DbTransaction transaction, NoticePlan plan, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var id in plan.Removed)
        {
            await using var delete = connection.Command(transaction, "DELETE FROM alert_groups WHERE id = @id", ("@id", id));
            await delete.ExecuteNonQueryAsync(cancellationToken);
        }
        foreach (var group in plan.Written)
        {
            await using var write = connection.Command(
                transaction, "INSERT INTO alert_groups (id, state) VALUES (@id, @state) ON CONFLICT (id) DO UPDATE SET state = excluded.state",
                ("@id", group.Id), ("@state", JsonSerializer.Serialize(group, AlertJsonContext.Default.NoticeGroup)));
            await write.ExecuteNonQueryAsync(cancellationToken);
        }
        foreach (var (channel, notice) in plan.Notices)
        {
            await using var insert = connection.Command(
                transaction,
                "INSERT INTO alert_notices (id, channel, group_id, content, state, attempts, created_at, due_at) VALUES (@id, @channel, @group, @content, 'waiting', 0, @now, @now)",
                ("@id", OrderedIds.New(now).ToString()), ("@channel", channel), ("@group", notice.Group), ("@content", notice.ToJson()), ("@now", now));
            await insert.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
