using System.Data.Common;
using OsMEN.Executions;

namespace OsMEN.Gateway.Alerts.State;

/// <summary>
/// Who of the gateways evaluates and sends: one row, renewed every <see cref="AlertOptions.LeaderRenewal"/>. Who has seen no sign of life
/// for three times as long takes over. Each measures that by its own clock, so clocks need not agree.
/// </summary>
/// <remarks>
/// What the leader writes, it writes in a transaction that first checks its fence (<see cref="WriteAsync"/>): one that was paused for
/// longer than its lease and does not know it changes nothing.
/// </remarks>
internal sealed class LeaderLock(DbDataSource database, AlertOptions options, TimeProvider time)
{
    private readonly string _id = Guid.CreateVersion7(time.GetUtcNow()).ToString("N");
    private (string Holder, long Fence, long Beat) _seen = ("", -1, -1);
    private long _seenAt;
    private long _renewedAt;
    private long? _fence;

    /// <summary>The fence while this gateway leads, null otherwise. It stops leading by itself when it could not renew in time.</summary>
    public long? Fence => _fence is { } fence && time.GetElapsedTime(_renewedAt) < options.LeaderRenewal * 2 ? fence : null;

    /// <summary>Renews the lease, or takes it where nobody does. To be called every <see cref="AlertOptions.LeaderRenewal"/>.</summary>
    public async Task RenewAsync(CancellationToken cancellationToken)
    {
        var now = time.GetTimestamp();
        if (_fence is { } mine)
        {
            if (await ChangeAsync("UPDATE alert_leader SET beat = beat + 1 WHERE id = 1 AND fence = @fence AND holder = @me", mine, cancellationToken)) _renewedAt = now;
            else _fence = null;
            return;
        }
        var row = (await database.QueryAsync<(string, long, long)>("SELECT holder, fence, beat FROM alert_leader WHERE id = 1", null, cancellationToken)).Single();
        if (row != _seen) (_seen, _seenAt) = (row, now);
        if (_seen.Holder.Length > 0 && time.GetElapsedTime(_seenAt) < options.LeaderRenewal * 3) return;
        if (await ChangeAsync("UPDATE alert_leader SET holder = @me, fence = fence + 1, beat = beat + 1 WHERE id = 1 AND fence = @fence AND beat = @beat", _seen.Fence, cancellationToken))
            (_fence, _renewedAt) = (_seen.Fence + 1, now);
    }

    /// <summary>Lets another gateway take over at once.</summary>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        if (_fence is not { } mine) return;
        _fence = null;
        await ChangeAsync("UPDATE alert_leader SET holder = '' WHERE id = 1 AND fence = @fence AND holder = @me", mine, cancellationToken);
    }

    /// <summary>Does <paramref name="write"/> in one transaction, if this gateway leads; false, and nothing done, if it does not.</summary>
    public async Task<bool> WriteAsync(Func<DbTransaction, Task> write, CancellationToken cancellationToken)
    {
        if (Fence is not { } fence) return false;
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await transaction.ExecuteAsync("UPDATE alert_leader SET beat = beat + 1 WHERE id = 1 AND fence = @fence AND holder = @me", new { fence, me = _id }, cancellationToken) != 1)
        {
            _fence = null;
            return false;
        }
        await write(transaction);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private async Task<bool> ChangeAsync(string sql, long fence, CancellationToken cancellationToken) =>
        await database.ExecuteAsync(sql, new { me = _id, fence, beat = _seen.Beat }, cancellationToken) == 1;
}
