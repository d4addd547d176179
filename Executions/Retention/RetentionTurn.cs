using System.Data.Common;

namespace OsMEN.Executions.Retention;

/// <summary>
/// Whose turn a pass is: a row says when the next is due, and who moves it on has it. Nobody holds anything, so nothing has to be
/// given back by one that dies; and passes that run at once only share the work.
/// </summary>
internal sealed class RetentionTurn(DbDataSource database)
{
    /// <summary>True for one process in each interval. A time that lies too far ahead is a clock's mistake, and counts as due.</summary>
    public async Task<bool> TakeAsync(DateTimeOffset now, TimeSpan interval, CancellationToken cancellationToken)
    {
        await using var take = database.Command(
            "UPDATE retention SET due_at = @next WHERE id = 1 AND (due_at <= @now OR due_at > @mistaken)",
            ("@now", now), ("@next", now + (interval * 0.9)), ("@mistaken", now + (2 * interval)));
        return await take.ExecuteNonQueryAsync(cancellationToken) == 1;
    }
}
