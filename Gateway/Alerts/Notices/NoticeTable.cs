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

    public async Task<List<NoticeGroup>> ReadGroupsAsync(CancellationToken cancellationToken) =>
        (await database.QueryAsync<string>("SELECT state FROM alert_groups ORDER BY id", null, cancellationToken)).ConvertAll(s => JsonSerializer.Deserialize(s, AlertJsonContext.Default.NoticeGroup)!);

    /// <summary>Due notices, oldest first; of those of one channel and group only the first.</summary>
    public async Task<List<WaitingNotice>> ReadDueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        var rows = await database.QueryAsync<(string Id, string Channel, string Content, int Attempts, DateTimeOffset CreatedAt, bool Unsure)>(
            """
            SELECT n.id, n.channel, n.content, n.attempts, n.created_at, n.unsure = 1 FROM alert_notices n
            WHERE n.state = 'waiting' AND n.due_at <= @now AND NOT EXISTS (
              SELECT 1 FROM alert_notices e WHERE e.state = 'waiting' AND e.channel = n.channel AND e.group_id = n.group_id AND e.id < n.id)
            ORDER BY n.id LIMIT @limit
            """,
            new { now, limit }, cancellationToken);
        return rows.ConvertAll(r => new WaitingNotice(r.Id, r.Channel, Notice.FromJson(r.Content) with { MayRepeat = r.Unsure }, r.Attempts, r.CreatedAt));
    }

    /// <summary>
    /// In the leader's transaction: until then nobody else takes it. What has been sent within a minute is counted there too, so that the limit holds
    /// whichever gateway leads. From here until <see cref="EndAsync"/> nobody knows whether it has arrived.
    /// </summary>
    /// <param name="rateLimit">Most of its channel within a minute.</param>
    public static async Task<NoticeClaim> ClaimAsync(
        DbTransaction transaction, WaitingNotice notice, int rateLimit, DateTimeOffset now, DateTimeOffset until, CancellationToken cancellationToken)
    {
        // What is later than now is of a clock that is ahead: it counts, but not for ever.
        await transaction.ExecuteAsync("DELETE FROM alert_sends WHERE sent_at <= @past OR sent_at > @future", new { past = now - RateWindow, future = now + RateWindow }, cancellationToken);
        var sent = await transaction.QueryAsync<long>("SELECT count(*) FROM alert_sends WHERE channel = @Channel", new { notice.Channel }, cancellationToken);
        if (sent[0] >= rateLimit) return NoticeClaim.OverLimit;
        var claimed = await transaction.ExecuteAsync(
            "UPDATE alert_notices SET attempts = attempts + 1, due_at = @until, unsure = 1 WHERE id = @Id AND state = 'waiting' AND due_at <= @now AND attempts = @Attempts",
            new { until, notice.Id, now, notice.Attempts }, cancellationToken);
        if (claimed != 1) return NoticeClaim.Taken;
        await transaction.ExecuteAsync("INSERT INTO alert_sends (channel, sent_at) VALUES (@Channel, @now)", new { notice.Channel, now }, cancellationToken);
        return NoticeClaim.Claimed;
    }

    /// <summary>Says how an attempt ended: <paramref name="again"/> is when to try again, null when it is over; <paramref name="unsure"/> whether this attempt or one before may have arrived.</summary>
    public Task EndAsync(string id, string? error, DateTimeOffset? again, bool unsure, DateTimeOffset now, CancellationToken cancellationToken) => database.ExecuteAsync(
        "UPDATE alert_notices SET state = @state, due_at = @due, ended_at = @ended, error = @error, unsure = @unsure WHERE id = @id AND state = 'waiting'",
        new
        {
            state = again is not null ? "waiting" : error is null ? "sent" : "failed", due = again ?? now, ended = again is null ? now : (DateTimeOffset?)null, error, unsure = unsure ? 1 : 0, id,
        },
        cancellationToken);

    public static async Task WriteAsync(DbTransaction transaction, NoticePlan plan, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var id in plan.Removed) await transaction.ExecuteAsync("DELETE FROM alert_groups WHERE id = @id", new { id }, cancellationToken);
        foreach (var group in plan.Written)
        {
            await transaction.ExecuteAsync(
                "INSERT INTO alert_groups (id, state) VALUES (@Id, @state) ON CONFLICT (id) DO UPDATE SET state = excluded.state",
                new { group.Id, state = JsonSerializer.Serialize(group, AlertJsonContext.Default.NoticeGroup) }, cancellationToken);
        }
        foreach (var (channel, notice) in plan.Notices)
        {
            await transaction.ExecuteAsync(
                "INSERT INTO alert_notices (id, channel, group_id, content, state, attempts, created_at, due_at) VALUES (@id, @channel, @Group, @content, 'waiting', 0, @now, @now)",
                new { id = OrderedIds.New(now), channel, notice.Group, content = notice.ToJson(), now }, cancellationToken);
        }
    }
}
