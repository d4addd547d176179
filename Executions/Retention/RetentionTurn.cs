using System.Data.Common;

namespace OsMEN.Executions.Retention;

/// <summary>
/// Whose turn a pass is: a row says when the next is due, and who moves it on has it. Nobody holds anything, so nothing has to be
/// given back by one that dies; and passes that run at once only share the work.
/// </summary>
internal sealed class RetentionTurn(DbDataSource database)
{
    /// <summary>From when on the next pass may run; whoever looks first after it runs it.</summary>
    public async Task<DateTimeOffset> ReadDueAsync(CancellationToken cancellationToken) =>
        (await database.QueryAsync<DateTimeOffset>("SELECT due_at FROM retention WHERE id = 1", null, cancellationToken))[0];

    /// <summary>True for one process in each interval. A time that lies too far ahead is a clock's mistake, and counts as due.</summary>
    public async Task<bool> TakeAsync(DateTimeOffset now, TimeSpan interval, CancellationToken cancellationToken) => await database.ExecuteAsync(
        "UPDATE retention SET due_at = @next WHERE id = 1 AND (due_at <= @now OR due_at > @mistaken)",
        new { now, next = now + (interval * 0.9), mistaken = now + (2 * interval) }, cancellationToken) == 1;
}
