using System.Globalization;
using OsMEN.Executions;
using OsMEN.Executions.Analytics;
using OsMEN.Llm;

namespace OsMEN.Tests.Executions;

public abstract partial class StoreBehaviour
{
    [Fact]
    public async Task The_views_have_the_columns_that_the_code_names_in_that_order()
    {
        foreach (var view in AnalyticsViews.All)
        {
            await using var command = _test!.Database.CreateCommand($"SELECT * FROM {view.Name} LIMIT 0");
            await using var reader = await command.ExecuteReaderAsync(Token);
            Assert.Equal(view.Columns.Select(c => c.Name), Enumerable.Range(0, reader.FieldCount).Select(reader.GetName));
        }
    }

    [Fact]
    public async Task The_queries_of_the_operations_guide_run()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "docs", "operations.md")))
            folder = folder.Parent;
        var guide = await File.ReadAllTextAsync(Path.Combine(folder!.FullName, "docs", "operations.md"), Token);
        var sql = guide.Split("```sql")[1].Split("```")[0];
        foreach (var query in sql.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            await ExecuteAsync(Store.Kind == "sqlite" ? query.Replace("osmen.", "", StringComparison.Ordinal) : query);
    }

    [Fact]
    public async Task A_summary_counts_outcomes_and_has_the_real_percentile_and_the_exact_cost()
    {
        (ExecutionStatus, int)[] ends =
        [
            (ExecutionStatus.Completed, 1), (ExecutionStatus.Completed, 2), (ExecutionStatus.Completed, 4), (ExecutionStatus.Failed, 10),
            (ExecutionStatus.TimedOut, 3), (ExecutionStatus.Cancelled, 60),
        ];
        foreach (var (status, seconds) in ends)
            await RanAsync(New() with { Target = "brief" }, status, seconds, Call(new TokenUsage(100, 20, 40, 5, 7), 0.123456789m));
        await RanAsync(New() with { Target = "one" }, ExecutionStatus.Completed, 5);
        await RanAsync(New(TimeProvider.System.GetUtcNow().AddDays(-91)) with { Target = "brief" }, ExecutionStatus.Completed, 1000);
        await AcceptAsync(New() with { Target = "brief" });
        await AcceptAsync(New() with { Target = "Fresh" });
        await RanAsync(New() with { Target = "brief", Kind = ExecutionKind.Command }, ExecutionStatus.Failed, 2);
        await RanAsync(New() with { Target = "nightly", Kind = ExecutionKind.Workflow }, ExecutionStatus.Completed, 7);
        await AcceptAsync(New() with { Target = "nightly", Kind = ExecutionKind.Workflow, Priority = 9 });
        await ClaimAsync(1);

        Assert.Equal(
            [
                "Fresh|1|0|0|-|-|-|0|0",
                "brief|7|3|2|0.6|4|8.8|720|0.740740734",
                "one|1|1|0|1|5|5|0|0",
            ],
            await ViewAsync(AnalyticsViews.AgentPerformance));
        Assert.Equal(["brief|1|0|1|0|1|2|2|0|0"], await ViewAsync(AnalyticsViews.CommandUsage));
        Assert.Equal(["nightly|2|1|0|1|1|7|7|0|0"], await ViewAsync(AnalyticsViews.WorkflowPerformance));
    }

    [Fact]
    public async Task The_daily_view_has_each_of_the_last_30_days_of_UTC_newest_first()
    {
        var now = TimeProvider.System.GetUtcNow();
        var yesterday = now.AddDays(-1);
        await RanAsync(New(yesterday), ExecutionStatus.Completed, 2, Call(new TokenUsage(10, 1), 0.5m));
        await RanAsync(New(yesterday), ExecutionStatus.Failed, 4);
        await RanAsync(New(yesterday) with { Kind = ExecutionKind.Command }, ExecutionStatus.Completed, 100, Call(new TokenUsage(1000, 100), 0.25m));

        // What a workflow has used is that of its steps, which count themselves.
        await RanAsync(New(yesterday) with { Kind = ExecutionKind.Workflow }, ExecutionStatus.Completed, 100, Call(new TokenUsage(1000, 100), 0.25m));
        await RanAsync(New(now.AddDays(-29)), ExecutionStatus.Completed, 1);
        await RanAsync(New(now.AddDays(-31)), ExecutionStatus.Completed, 1);

        var rows = await ViewAsync(AnalyticsViews.DailySystem);
        Assert.Equal(30, rows.Count);
        var today = DateOnly.ParseExact(rows[0].Split('|')[0], "yyyy-MM-dd", CultureInfo.InvariantCulture);
        Assert.Equal(Enumerable.Range(0, 30).Select(n => Day(today.AddDays(-n))), rows.Select(r => r.Split('|')[0]));
        var day = Day(DateOnly.FromDateTime(yesterday.UtcDateTime));
        Assert.Contains($"{day}|2|1|1|1111|0.75|3", rows);
        if (today == DateOnly.FromDateTime(now.UtcDateTime))
        {
            Assert.Equal($"{Day(today)}|0|0|0|0|0|-", rows[0]);
            Assert.Equal($"{Day(today.AddDays(-29))}|1|1|0|0|0|1", rows[^1]);
        }
    }

    [Fact]
    public async Task The_users_view_pages_by_name_and_narrows_to_one()
    {
        var now = TimeProvider.System.GetUtcNow();
        var latest = New(now.AddMinutes(-1));
        await RanAsync(New(now.AddDays(-2)) with { User = "ana@example.com" }, ExecutionStatus.Completed, 1, Call(new TokenUsage(10, 1), 0.000000001m));
        await AcceptAsync(latest with { User = "ana@example.com" });
        await AcceptAsync(New() with { User = "Émile", Kind = ExecutionKind.Command });
        await AcceptAsync(New() with { User = "Zoe", Kind = ExecutionKind.Workflow });

        var view = AnalyticsViews.UserActivity;
        var ana = string.Create(CultureInfo.InvariantCulture, $"ana@example.com|2|0|0|11|0.000000001|{latest.CreatedAt:O}");
        Assert.Equal(["Zoe", "ana@example.com", "Émile"], (await ViewAsync(view)).Select(r => r.Split('|')[0]));
        Assert.Equal([ana], await ViewAsync(view, after: "Zoe", limit: 1));
        Assert.Equal([ana], await ViewAsync(view, only: "ana@example.com"));
        Assert.Empty(await ViewAsync(view, only: "ana@example.com", after: "ana@example.com"));
        Assert.Empty(await ViewAsync(view, only: "nobody"));
    }

    private static string Day(DateOnly date) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private async Task RanAsync(NewExecution item, ExecutionStatus end, int seconds, params LlmCall[] calls)
    {
        // Highest first: what other tests of this database left waiting is not claimed.
        var id = (await AcceptAsync(item with { Priority = 9 })).Id;
        var claim = Assert.Single(await ClaimAsync(1));
        Assert.Equal(id, claim.Execution.Id);
        await Store.RecordAsync([new ExecutionRecord { Lease = claim.Lease, Calls = calls, End = new AttemptEnd(end) }], Token);
        var duration = Store.Kind == "sqlite" ? $"{seconds}000000" : $"interval '{seconds} s'";
        await ExecuteAsync($"UPDATE executions SET started_at = completed_at - {duration} WHERE id = '{id}'");
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _test!.Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }

    /// <summary>Rows with their values as text, numbers to the billionth.</summary>
    private async Task<IReadOnlyList<string>> ViewAsync(AnalyticsView view, string? only = null, string? after = null, int limit = 100)
    {
        var rows = await Store.ReadViewAsync(new AnalyticsQuery { View = view, Only = only, After = after, Limit = limit }, Token);
        return [.. rows.Select(r => string.Join('|', r.Select(Text)))];

        static string Text(object? value) => value switch
        {
            null => "-",
            DateOnly date => Day(date),
            DateTimeOffset time => time.ToString("O", CultureInfo.InvariantCulture),
            double number => Math.Round(number, 9).ToString(CultureInfo.InvariantCulture),
            decimal money => money.ToString("0.#########", CultureInfo.InvariantCulture),
            IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
            _ => (string)value,
        };
    }
}
