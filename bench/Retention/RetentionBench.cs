using System.Data.Common;
using System.Diagnostics;
using Microsoft.Extensions.Options;
using OsMEN.Executions;
using OsMEN.Executions.Audit;
using OsMEN.Executions.Retention;
using OsMEN.ServiceDefaults;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Bench.Retention;

/// <summary>What removing old executions does to claims: executions are accepted, claimed and completed at a fixed rate, without and with a pass beside them.</summary>
internal static class RetentionBench
{
    private const int Old = 200_000;
    private const int Rate = 500;
    private const int Batch = 10;

    private static readonly TimeSpan Alone = TimeSpan.FromSeconds(20);

    public static async Task RunAsync(PostgresServer server, Report report, string name)
    {
        await using var store = await Store.CreateAsync(name, server);
        await using DbDataSource database = name == "PostgreSQL" ? PostgresDatabase.Create(store.ConnectionString) : new SqliteDatabase(store.ConnectionString);
        await FillAsync(store.Executions, database, name);

        await MeasureAsync(store.Executions, Task.Delay(TimeSpan.FromSeconds(5)));
        Add("without", await MeasureAsync(store.Executions, Task.Delay(Alone)));

        var pass = new RetentionPass(
            store.Executions, database, new AuditTable(database), new RetentionMetrics(Metering.Factory(), TimeProvider.System), Options.Create(new RetentionOptions()), TimeProvider.System);
        var started = Stopwatch.GetTimestamp();
        var removing = Task.Run(() => pass.RunAsync(CancellationToken.None));
        Add("with", await MeasureAsync(store.Executions, removing));
        var removed = (await removing).Values.Sum();
        report.Add("retention", name, $"{Old:N0} old executions, each with two chunks of events, removed", Old / Stopwatch.GetElapsedTime(started).TotalSeconds, "executions/s");
        if (removed != Old)
            throw new InvalidOperationException($"{removed} rows of {Old} were removed.");

        void Add(string what, (List<double> Claims, List<double> Waits) times)
        {
            report.Add("retention", name, $"claim at {Rate}/s {what} a pass, p50", Load.Percentile(times.Claims, 50), "ms");
            report.Add("retention", name, $"claim at {Rate}/s {what} a pass, p99", Load.Percentile(times.Claims, 99), "ms");
            report.Add("retention", name, $"accept to claim at {Rate}/s {what} a pass, p99", Load.Percentile(times.Waits, 99), "ms");
        }
    }

    // Times of claims that found something, and from the acceptance of an execution to the answer of its claim.
    private static async Task<(List<double> Claims, List<double> Waits)> MeasureAsync(IExecutionStore store, Task until)
    {
        List<double> claims = [];
        List<double> waits = [];
        var accepting = Task.Run(async () =>
        {
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds((double)Batch / Rate));
            while (!until.IsCompleted && await timer.WaitForNextTickAsync())
                await store.AcceptAsync([.. Enumerable.Range(0, Batch).Select(_ => Store.New())], CancellationToken.None);
        });
        await Task.Run(async () =>
        {
            while (true)
            {
                var isLast = accepting.IsCompleted;
                var began = Stopwatch.GetTimestamp();
                var claimed = await store.ClaimAsync("bench", 50, TimeSpan.FromMinutes(1), CancellationToken.None);
                var now = TimeProvider.System.GetUtcNow();
                if (claimed.Count == 0 && isLast)
                    return;
                if (claimed.Count == 0)
                {
                    await Task.Delay(2);
                    continue;
                }

                claims.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                waits.AddRange(claimed.Select(c => (now - c.Execution.CreatedAt).TotalMilliseconds));
                await store.RecordAsync(
                    [.. claimed.Select(c => new ExecutionRecord { Lease = c.Lease, End = new AttemptEnd(ExecutionStatus.Completed, "null") })], CancellationToken.None);
            }
        });
        await accepting;
        return (claims, waits);
    }

    // Accepted as ever, then ended and moved back by SQL: a hundred days of work in a minute.
    private static async Task FillAsync(IExecutionStore store, DbDataSource database, string name)
    {
        var first = TimeProvider.System.GetUtcNow().AddDays(-120);
        for (var done = 0; done < Old; done += 1000)
        {
            await store.AcceptAsync(
                [.. Enumerable.Range(done, 1000).Select(i => first.AddSeconds(i)).Select(t => Store.New() with { Id = OrderedIds.New(t), CreatedAt = t })], CancellationToken.None);
        }

        await ExecuteAsync(database, "DELETE FROM execution_queue");
        await ExecuteAsync(database, "UPDATE executions SET status = 2, completed_at = created_at, output = '\"done\"'");
        foreach (var seq in (int[])[2, 4])
        {
            await ExecuteAsync(
                database, $"INSERT INTO execution_events (execution_id, first_seq, last_seq, created_at, frames) SELECT id, {seq}, {seq + 1}, created_at, input || input || input FROM executions");
        }

        if (name == "PostgreSQL")
            await ExecuteAsync(database, "VACUUM ANALYZE");
    }

    private static async Task ExecuteAsync(DbDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        command.CommandTimeout = 600;
        await command.ExecuteNonQueryAsync();
    }
}
