using System.Globalization;
using OsMEN.Executions;
using OsMEN.Executions.Analytics;
using OsMEN.Executions.Usage;
using OsMEN.Llm;
using OsMEN.ServiceDefaults;

namespace OsMEN.Tests.Executions;

public abstract partial class StoreBehaviour
{
    private static readonly DateTimeOffset March = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Usage_adds_up_whatever_it_is_grouped_by()
    {
        await UsedAsync("brief", "ana", March.AddDays(1), 1.5m, CallAt(March.AddDays(1), "openai", "gpt-5", new TokenUsage(100, 20, 40, 5, 7), 0.123456789m));
        await UsedAsync(
            "brief", "bob", March.AddDays(1), 1.5m,
            CallAt(March.AddDays(1), "openai", "gpt-5", new TokenUsage(10, 2), 0.000000001m),
            CallAt(March.AddDays(2), "anthropic", "x", new TokenUsage(7, 3), null) with { Estimated = true, Status = LlmCallStatus.Error });
        await UsedAsync("triage", "ana", March.AddDays(2), null);
        await UsedAsync("brief", "ana", March.AddDays(40), 1.5m, CallAt(March.AddDays(40), "openai", "gpt-5", new TokenUsage(1000, 0), 1m));

        Assert.Equal(["brief|2|117|25|40|5|7|0.12345679|10|10|3", "triage|1|0|0|0|0|0|0|0|0|-"], await UsageAsync(UsageGroup.Agent));
        Assert.Equal(["ana|2|100|20|40|5|7|0.123456789|0|0|1.5", "bob|1|17|5|0|0|0|0.000000001|10|10|1.5"], await UsageAsync(UsageGroup.User));
        Assert.Equal(["2026-03-02|2|110|22|40|5|7|0.12345679|0|0|3", "2026-03-03|1|7|3|0|0|0|0|10|10|-"], await UsageAsync(UsageGroup.Day));
        Assert.Equal(["anthropic/x|1|7|3|0|0|0|0|10|10|-", "openai/gpt-5|2|110|22|40|5|7|0.12345679|0|0|-"], await UsageAsync(UsageGroup.Model));
        Assert.Equal(["anthropic|1|7|3|0|0|0|0|10|10|-", "openai|2|110|22|40|5|7|0.12345679|0|0|-"], await UsageAsync(UsageGroup.Platform));
    }

    [Fact]
    public async Task Usage_narrows_to_a_user_and_pages_by_group()
    {
        foreach (var user in (string[])["Zoe", "ana", "Émile"])
            await UsedAsync("brief", user, March.AddDays(1), null, CallAt(March.AddDays(1), "p", "m-" + user, new TokenUsage(1, 0), 0.5m));
        foreach (var by in Enum.GetValues<UsageGroup>())
        {
            var row = Assert.Single(await UsageAsync(by, q => q with { User = "ana" }));
            Assert.Equal("1|1|0|0|0|0|0.5|0|0|-", row[(row.IndexOf('|', StringComparison.Ordinal) + 1)..]);
        }

        Assert.Equal(["Zoe", "ana"], (await UsageAsync(UsageGroup.User, q => q with { Limit = 2 })).Select(r => r.Split('|')[0]));
        Assert.Equal(["Émile"], (await UsageAsync(UsageGroup.User, q => q with { After = "ana" })).Select(r => r.Split('|')[0]));
        Assert.Empty(await UsageAsync(UsageGroup.Model, q => q with { User = "nobody" }));
        Assert.Equal(["p/m-ana"], (await UsageAsync(UsageGroup.Model, q => q with { User = "ana", After = "p/m-" })).Select(r => r.Split('|')[0]));
    }

    [Fact]
    public async Task Old_calls_go_and_what_their_executions_cost_stays()
    {
        // On PostgreSQL what a database held before it had months goes as a whole, so the months here are those to come.
        var now = TimeProvider.System.GetUtcNow();
        var next = new DateTimeOffset(now.Year, now.Month, 15, 0, 0, 0, TimeSpan.Zero).AddMonths(2);
        await Store.KeepCallsAsync(next, TimeSpan.FromDays(400), long.MaxValue, Token);
        var execution = await UsedAsync(
            "brief", "ana", now, null,
            CallAt(now.AddDays(-1), "p", "old", new TokenUsage(1, 1), 0.5m), CallAt(next, "p", "new", new TokenUsage(1, 1), 0.5m),
            CallAt(next.AddYears(2), "p", "far", new TokenUsage(1, 1), 0.5m));
        Assert.Equal(["p/far", "p/new", "p/old"], await ModelsAsync());

        await Store.KeepCallsAsync(next.AddDays(1), TimeSpan.FromDays(40), long.MaxValue, Token);
        Assert.Equal(["p/far", "p/new"], await ModelsAsync());
        await Store.KeepCallsAsync(next.AddYears(2), TimeSpan.FromDays(40), long.MaxValue, Token);
        Assert.Equal(["p/far"], await ModelsAsync());
        await Store.KeepCallsAsync(next.AddYears(3), TimeSpan.FromDays(40), long.MaxValue, Token);
        Assert.Empty(await ModelsAsync());
        Assert.Equal(1.5m, (await Store.GetAsync(execution, Token))!.CostUsd);

        async Task<string[]> ModelsAsync() =>
            [.. (await UsageAsync(UsageGroup.Model, q => q with { Since = now.AddYears(-1), Until = now.AddYears(5) })).Select(r => r.Split('|')[0])];
    }

    [Fact]
    public async Task A_call_that_is_recorded_twice_counts_once()
    {
        var call = CallAt(March, "p", "m", new TokenUsage(1, 1), 0.5m);
        var id = (await AcceptAsync(New(March) with { Priority = 9 })).Id;
        var claim = Assert.Single(await ClaimAsync(1));
        for (var i = 0; i < 2; i++)
            await Store.RecordAsync([new ExecutionRecord { Lease = claim.Lease, Calls = [call] }], Token);
        Assert.Equal(0.5m, (await Store.GetAsync(id, Token))!.CostUsd);
        Assert.Equal(["p|1|1|1|0|0|0|0.5|0|0|-"], await UsageAsync(UsageGroup.Platform));
    }

    [Fact]
    public async Task A_database_of_any_version_before_is_brought_up_to_date_with_what_it_holds()
    {
        var steps = Migration.For(Store.Kind == "sqlite" ? "Sqlite" : "Postgres");
        foreach (var last in steps.SkipLast(1))
        {
            await EmptyAsync();
            foreach (var step in steps.TakeWhile(s => s.Version <= last.Version))
            {
                await ExecuteAsync(step.Sql);
                await ExecuteAsync($"INSERT INTO schema_migrations (version, name, applied_at) VALUES ({step.Version}, '{step.Name}', {(Store.Kind == "sqlite" ? "0" : "now()")})");
            }

            var now = TimeProvider.System.GetUtcNow();
            var (execution, call) = (OrderedIds.New(now), Guid.CreateVersion7(now));
            var (time, money) = Store.Kind == "sqlite" ? ($"{now.ToUnixTimeMilliseconds()}000", "cost_nano") : ("now()", "cost_usd");
            var cost = Store.Kind == "sqlite" ? "500000000" : "0.5";
            await ExecuteAsync(
                $"""
                INSERT INTO executions (id, kind, target, user_id, status, priority, input, max_attempts, created_at, run_at, started_at, completed_at, input_tokens, output_tokens, {money})
                VALUES ('{execution}', 0, 'agent', 'ana', 2, 5, '"x"', 3, {time}, {time}, {time}, {time}, 2, 1, {cost})
                """);
            await ExecuteAsync(
                $"""
                INSERT INTO llm_calls (id, execution_id, platform, model, started_at, duration_ms, status, input_tokens, output_tokens, cached_tokens, cache_write_tokens,
                  reasoning_tokens, estimated, {money}) VALUES ('{call}', '{execution}', 'p', 'm', {time}, 1, 0, 2, 1, 0, 0, 0, {(Store.Kind == "sqlite" ? "0" : "false")}, {cost})
                """);

            await Store.MigrateAsync(Token);
            Assert.Equal(["agent|1|1|0|1|0|0|3|0.5"], await ViewAsync(AnalyticsViews.AgentPerformance));
            Assert.Equal(["p|1|2|1|0|0|0|0.5|0|0|-"], await UsageAsync(UsageGroup.Platform, q => q with { Since = now.AddDays(-1), Until = now.AddDays(1) }));
        }
    }

    private static LlmCall CallAt(DateTimeOffset at, string platform, string model, TokenUsage tokens, decimal? cost) =>
        Call(tokens, cost) with { Id = Guid.CreateVersion7(at), StartedAt = at, Platform = platform, Model = model };

    private async Task<Guid> UsedAsync(string agent, string user, DateTimeOffset at, decimal? revenue, params LlmCall[] calls)
    {
        var id = (await AcceptAsync(New(at) with { Target = agent, User = user, Priority = 9 })).Id;
        var claim = Assert.Single(await ClaimAsync(1));
        var end = new AttemptEnd(ExecutionStatus.Completed, RevenueUsd: revenue);
        Assert.Equal([true], await Store.RecordAsync([new ExecutionRecord { Lease = claim.Lease, Calls = calls, End = end }], Token));
        return id;
    }

    private async Task<IReadOnlyList<string>> UsageAsync(UsageGroup by, Func<UsageQuery, UsageQuery>? change = null)
    {
        var query = new UsageQuery { By = by, Since = March, Until = March.AddMonths(1) };
        return
        [
            .. (await Store.ReadUsageAsync(change?.Invoke(query) ?? query, Token)).Select(r => string.Create(
                CultureInfo.InvariantCulture,
                $"{r.Group}|{r.Executions}|{r.Tokens.Input}|{r.Tokens.Output}|{r.Tokens.CachedInput}|{r.Tokens.CacheWrite}|{r.Tokens.Reasoning}|{r.CostUsd:0.#########}|{r.UnpricedTokens}|{r.EstimatedTokens}|{r.RevenueUsd?.ToString("0.#########", CultureInfo.InvariantCulture) ?? "-"}")),
        ];
    }

    private async Task EmptyAsync()
    {
        if (Store.Kind == "postgresql")
        {
            await ExecuteAsync(
                """
                DROP SCHEMA osmen CASCADE; CREATE SCHEMA osmen;
                CREATE TABLE schema_migrations (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
                """);
            return;
        }

        var drops = new List<string>();
        await using (var command = _test!.Database.CreateCommand("SELECT type, name FROM sqlite_master WHERE type IN ('view', 'table') AND name NOT LIKE 'sqlite_%' ORDER BY type DESC"))
        {
            await using var reader = await command.ExecuteReaderAsync(Token);
            while (await reader.ReadAsync(Token))
                drops.Add($"DROP {reader.GetString(0)} {reader.GetString(1)}");
        }

        foreach (var drop in drops.Append("CREATE TABLE schema_migrations (version integer PRIMARY KEY, name text NOT NULL, applied_at integer NOT NULL)"))
            await ExecuteAsync(drop);
    }
}
