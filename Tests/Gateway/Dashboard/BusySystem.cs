using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using OsMEN.ServiceDefaults;
using OsMEN.Tests.Executions;

namespace OsMEN.Tests.Gateway.Dashboard;

/// <summary>Fills a SQLite store with a working day of a team: 1,000 executions with their calls, alerts, silences and budgets.</summary>
internal static class BusySystem
{
    public const int Executions = 1000;

    private static readonly (string Agent, string Platform, string Model, int Input, int Output, double Dollars, double Seconds)[] Work =
    [
        ("support_triage", "openai", "gpt-5-mini", 18000, 2200, 0.009, 2.4),
        ("daily_brief", "openai", "gpt-5", 62000, 6400, 0.142, 9.1),
        ("code_reviewer", "anthropic", "claude-sonnet-4-5", 114000, 8850, 0.475, 31),
        ("research_digest", "openai", "gpt-5", 186000, 9900, 0.332, 48),
        ("support_triage", "openai", "gpt-5-mini", 21000, 1800, 0.009, 2.1),
    ];

    private static readonly string[] Users = ["ana@example.com", "ben@example.com", "chen@example.com", "ci@example.com", "dara@example.com"];

    private static readonly (string Type, string Message)[] Errors =
    [
        ("RateLimited", "openai answers 429: the requests of this minute are used up"),
        ("ToolFailed", "web_fetch: the address answers 503"),
        ("WorkerLost", "The worker was lost; 3 of 3 attempts are used"),
    ];

    /// <summary>The execution whose calls are worth a look: it asked models and tools, one of which failed.</summary>
    public static Guid Research { get; private set; }

    public static async Task FillAsync(TestStore store, DateTimeOffset now)
    {
        await using var connection = (SqliteConnection)await store.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var transaction = connection.BeginTransaction();
        var chance = new Random(7);
        for (var i = 0; i < Executions; i++)
        {
            // Four weeks, with little at weekends, and the last two hours more closely.
            DateTimeOffset at;
            do
                at = i < 900 ? now.AddDays(-28 + (27.8 * chance.NextDouble())) : now.AddMinutes(-(Executions - i) * 1.2).AddSeconds(chance.Next(40));
            while (i < 900 && at.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday && chance.Next(4) > 0);
            Add(connection, at, now, chance, i);
        }

        Research = AddResearch(connection, now.AddMinutes(-3));
        AddAlerts(connection, now);
        AddBudgets(connection, now);
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
    }

    private static void Add(SqliteConnection connection, DateTimeOffset at, DateTimeOffset now, Random chance, int i)
    {
        var work = Work[chance.Next(Work.Length)];
        var failed = chance.Next(100) < (work.Agent == "research_digest" ? 12 : 3);
        var spread = 0.5 + (chance.NextDouble() * 1.3);
        var (id, start, took) = (OrderedIds.New(at), at.AddMilliseconds(chance.Next(8, 400)), TimeSpan.FromSeconds(work.Seconds * spread));
        var end = start + took > now ? now : start + took;
        var error = Errors[chance.Next(Errors.Length)];
        var (input, output, cost) = ((int)(work.Input * spread), failed ? 0 : (int)(work.Output * spread), work.Dollars * spread);
        Run(
            connection,
            """
            INSERT INTO executions (id, kind, target, user_id, status, priority, input, output, error_type, error_message, attempt, max_attempts, created_at, run_at, started_at, completed_at,
              platform, model, input_tokens, output_tokens, cached_tokens, cost_nano, worker, trace_parent, request_id)
            VALUES ($0, 0, $1, $2, $3, 5, '{"text":"What came in since the last run."}', $4, $5, $6, $7, 3, $8, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
            """,
            id.ToString(), work.Agent, Users[chance.Next(Users.Length)], failed ? 3 : 2, failed ? null : """{"text":"Three things need an answer today."}""", failed ? error.Type : null, failed ? error.Message : null,
            failed ? 3 : 1, Micros(at), Micros(start), Micros(end), work.Platform, work.Model, input, output, input / 3, (long)(cost * 1e9), "worker-" + ((i % 2) + 1),
            $"00-{Guid.CreateVersion7(at):N}-00f067aa0ba902b7-01", $"req-{i}");
        AddCall(connection, id, start.AddMilliseconds(6), end - start, work.Platform, work.Model, input, output, input / 3, cost, failed ? error.Message : null);
    }

    private static Guid AddResearch(SqliteConnection connection, DateTimeOffset at)
    {
        var (id, start) = (OrderedIds.New(at), at.AddMilliseconds(41));
        const string Digest = "Rate limits differ by tier. Two vendors count cached tokens in full, one at a tenth.\n\n1. Move the nightly digest to the cheaper tier.\n2. Cache the system prompt: it is a third of all input.\n3. Ask ben@example.com to raise the limit of the review key.";
        Run(
            connection,
            """
            INSERT INTO executions (id, kind, target, user_id, status, priority, input, output, attempt, max_attempts, created_at, run_at, started_at, completed_at, platform, model, input_tokens,
              output_tokens, cached_tokens, reasoning_tokens, cost_nano, worker, trace_parent, request_id)
            VALUES ($0, 0, 'research_digest', 'ana@example.com', 2, 5, $1, $2, 1, 3, $3, $3, $4, $5, 'openai', 'gpt-5', 27310, 2214, 9216, 640, 56277500, 'worker-1', $6, 'req-research')
            """,
            id.ToString(), Text("Compare the rate limits of our three providers and say what to change."), Text(Digest), Micros(at), Micros(start), Micros(start.AddSeconds(31.4)),
            $"00-{Guid.CreateVersion7(at):N}-00f067aa0ba902b7-01");
        (double From, double Took, int In, int Out, double Cost)[] models = [(0.02, 4.1, 3120, 210, 0.0061), (11.3, 7.9, 9840, 410, 0.0164), (21.6, 9.7, 14350, 1594, 0.0337)];
        foreach (var m in models)
            AddCall(connection, id, start.AddSeconds(m.From), TimeSpan.FromSeconds(m.Took), "openai", "gpt-5", m.In, m.Out, m.In / 3, m.Cost, null);
        (int Round, string Name, string Arguments, double From, double Took, bool Failed, string Result)[] tools =
        [
            (1, "web_fetch", """{"url":"https://platform.example.com/docs/rate-limits"}""", 4.2, 2.7, false, "Tier 3: 5,000 requests and 2,000,000 tokens a minute. Cached input counts in full."),
            (1, "web_fetch", """{"url":"https://docs.example.org/limits"}""", 4.2, 6.9, true, "the address answers 503"),
            (1, "memory_read", """{"name":"providers"}""", 4.2, 0.03, false, "openai, anthropic, azure"),
            (2, "run_agent", """{"agent":"support_triage","input":"Which teams hit a limit this week?"}""", 19.3, 2.2, false, "Two: billing on Tuesday, search on Thursday."),
        ];
        foreach (var round in tools.GroupBy(t => t.Round))
        {
            var calls = string.Join(',', round.Select((t, i) => $$"""{"id":"call_{{t.Round}}_{{i}}","name":"{{t.Name}}","arguments":{{t.Arguments}}}"""));
            Run(connection, "INSERT INTO agent_turns VALUES ($0, $1, 3000, $2, $3)", id.ToString(), round.Key, $$"""{"text":"","calls":[{{calls}}]}""", Micros(start));
            foreach (var (t, i) in round.Select((t, i) => (t, i)))
            {
                Run(
                    connection, "INSERT INTO tool_calls VALUES ($0, $1, $2, $3, 1, $4, $5, $6, $7)",
                    id.ToString(), t.Round, string.Create(CultureInfo.InvariantCulture, $"call_{t.Round}_{i}"), t.Name, Micros(start.AddSeconds(t.From)), Micros(start.AddSeconds(t.From + t.Took)), t.Failed ? 1 : 0, t.Result);
            }
        }

        return id;
    }

    private static void AddCall(
        SqliteConnection connection, Guid execution, DateTimeOffset at, TimeSpan took, string platform, string model, int input, int output, int cached, double cost, string? error) => Run(
        connection,
        """
        INSERT INTO llm_calls (id, execution_id, platform, model, started_at, duration_ms, first_token_ms, status, error, input_tokens, output_tokens, cached_tokens, cache_write_tokens,
          reasoning_tokens, estimated, cost_nano) VALUES ($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, 0, $12)
        """,
        Guid.CreateVersion7(at).ToString(), execution.ToString(), platform, model, Micros(at), took.TotalMilliseconds, error is null ? took.TotalMilliseconds * 0.12 : null, error is null ? 0 : 1, error, input,
        output, cached, (long)(cost * 1e9));

    private static void AddAlerts(SqliteConnection connection, DateTimeOffset now)
    {
        (string Rule, string Severity, string State, string Labels, double Value, string Summary, string Description, double Since, double? Ended, string? By)[] alerts =
        [
            ("BudgetNearlySpent", "critical", "firing", """{"alertname":"BudgetNearlySpent","severity":"critical","budget":"research"}""", 0.962, "96.2 % of budget research is spent", "Over 95 % of budget research is spent; calls are refused once it is used up.", 11, null, null),
            ("HighAgentFailureRate", "warning", "firing", """{"alertname":"HighAgentFailureRate","severity":"warning","agent_id":"research_digest"}""", 0.118, "11.8 % of research_digest fail", "11.8 % of the executions of research_digest failed over 15m, more than 5 %, for 5m.", 26, null, null),
            ("QueueWaitHigh", "warning", "firing", """{"alertname":"QueueWaitHigh","severity":"warning"}""", 34.2, "Executions wait 34 s for a worker", "The 95th percentile of the wait was 34 s over 10m, more than 30 s, for 5m.", 48, null, "ben@example.com"),
            ("UnpricedTokens", "info", "firing", """{"alertname":"UnpricedTokens","severity":"info","model":"llama3.2"}""", 18230, "18,230 tokens of llama3.2 have no price", "Their cost is in no sum: add a price.", 190, null, null),
            ("RedisMemoryHigh", "warning", "pending", """{"alertname":"RedisMemoryHigh","severity":"warning"}""", 0.91, "Redis uses 91 % of its memory", "Redis uses 91 % of its memory, more than 90 %.", 2, null, null),
        ];
        foreach (var a in alerts)
            AddAlert(a.Rule, a.Severity, a.State, a.Labels, a.Value, a.Summary, a.Description, now.AddMinutes(-a.Since), null, a.By, a.By is null ? null : now.AddMinutes(4 - a.Since));
        var chance = new Random(11);
        string[] rules = ["HighAgentFailureRate", "HighAgentFailureRate", "HighAgentFailureRate", "QueueWaitHigh", "QueueWaitHigh", "SlowExecutions", "HighRequestLatency"];
        for (var i = 0; i < 24; i++)
        {
            var (rule, at) = (rules[chance.Next(rules.Length)], now.AddHours(-3 - (i * 5.5)));
            var ended = at.AddMinutes(chance.Next(4, 50));
            AddAlert(
                rule, "warning", "resolved", $$"""{"alertname":"{{rule}}","severity":"warning"}""", 0.1, $"{rule} was over its threshold", "It was over its threshold.", at, ended,
                i % 3 == 0 ? "chen@example.com" : null, i % 3 == 0 ? at.AddMinutes(2.5) : null);
        }

        Run(
            connection, "INSERT INTO alert_silences (id, matchers, starts_at, ends_at, comment, created_by, created_at) VALUES ($0, $1, $2, $3, 'Load test of the review agent', 'ana@example.com', $2)",
            Guid.CreateVersion7(now).ToString(), """{"alertname":["UnpricedTokens"]}""", now.AddHours(-1).ToUnixTimeMilliseconds(), now.AddHours(3).ToUnixTimeMilliseconds());

        void AddAlert(string rule, string severity, string state, string labels, double value, string summary, string description, DateTimeOffset at, DateTimeOffset? ended, string? by, DateTimeOffset? known) => Run(
            connection,
            "INSERT INTO alerts VALUES ($0, $1, $0, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, NULL, NULL)",
            Guid.CreateVersion7(at).ToString(), rule, labels, severity, state, value, summary, description, "docs/operations.md#" + rule.ToLowerInvariant(), at.ToUnixTimeMilliseconds(),
            state == "pending" ? null : at.AddMinutes(1).ToUnixTimeMilliseconds(), ended?.ToUnixTimeMilliseconds(), known?.ToUnixTimeMilliseconds(), by);
    }

    private static void AddBudgets(SqliteConnection connection, DateTimeOffset now)
    {
        var month = new DateTimeOffset(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero);
        var day = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        (string Id, string? Agent, string? User, string? Platform, string Period, double Limit, double Spent, double Held)[] budgets =
        [
            ("everything", null, null, null, "month", 250, 121.4, 1.8), ("research", "research_digest", null, null, "day", 12, 11.55, 0.2), ("ci", null, "ci@example.com", null, "day", 8, 7.02, 0.1),
        ];
        foreach (var b in budgets)
        {
            Run(
                connection,
                "INSERT INTO budgets (id, agent, user_id, platform, period, time_zone, limit_nano, alert_at, spent_nano, reserved_nano, period_start, period_end) VALUES ($0, $1, $2, $3, $4, 'UTC', $5, '[0.85,0.95]', $6, $7, $8, $9)",
                b.Id, b.Agent, b.User, b.Platform, b.Period, (long)(b.Limit * 1e9), (long)(b.Spent * 1e9), (long)(b.Held * 1e9), Micros(b.Period == "day" ? day : month), Micros(b.Period == "day" ? day.AddDays(1) : month.AddMonths(1)));
        }
    }

    private static string Text(string text) => JsonSerializer.Serialize(new Dictionary<string, string>(StringComparer.Ordinal) { ["text"] = text });

    private static long Micros(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond;

    private static void Run(SqliteConnection connection, string sql, params ReadOnlySpan<object?> values)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < values.Length; i++)
            command.Parameters.AddWithValue(string.Create(CultureInfo.InvariantCulture, $"${i}"), values[i] ?? DBNull.Value);
        command.ExecuteNonQuery();
    }
}
