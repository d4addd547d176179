using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.Executions;
using OsMEN.Gateway.Schedules;
using OsMEN.Gateway.Security;
using OsMEN.Tests.AgentWorker;

namespace OsMEN.Tests.Gateway;

/// <summary>Commands, workflows, approvals and schedules by the API, with a worker whose agents answer what they were asked.</summary>
public sealed class WorkflowsApiTests : IAsyncLifetime
{
    private readonly string _catalog = Directory.CreateTempSubdirectory("osmen-catalog-").FullName;
    private readonly GatewayServer _gateway;

    public WorkflowsApiTests() => _gateway = new GatewayServer(new Dictionary<string, string>(StringComparer.Ordinal) { ["CATALOG_PATH"] = _catalog });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        foreach (var (path, yaml) in (( string, string)[])[
            ("agents/x.yaml", "description: d\ninstructions: i"),
            ("commands/ask.yaml", """
                description: Asks for a word
                agent: x
                prompt: "Say {{input.word}} {{input.times}} times"
                parameters: {type: object, required: [word], additionalProperties: false, properties: {word: {type: string, minLength: 2}, times: {type: integer, default: 3}}}
                example: {word: hello}
                """),
            ("commands/lost.yaml", "description: d\nagent: nobody\nprompt: p"),
            ("workflows/send.yaml", """
                description: Drafts, asks, sends
                steps:
                  draft: {command: ask, input: {word: "{{input.word}}"}}
                  ok: {approval: {message: "Send {{steps.draft.output}}?", role: operator}, needs: [draft]}
                  send: {agent: x, needs: [ok], input: {text: "sent by {{steps.ok.output.by}}"}}
                parameters: {type: object, required: [word], properties: {word: {type: string}}}
                example: {word: hello}
                schedules: [{cron: "0 0 1 1 *", user: ana}]
                """),
            ("workflows/broken.yaml", "description: d\nsteps:\n  a: {agent: nobody}")])
        {
            var file = Path.Combine(_catalog, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, yaml, Token);
        }

        await _gateway.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        Directory.Delete(_catalog, recursive: true);
    }

    [Fact]
    public async Task A_command_is_shown_with_its_schema_and_asks_what_its_prompt_says()
    {
        var (_, commands, _) = await SendAsync(HttpMethod.Get, "/api/v1/commands");
        Assert.Equal(["ask", "lost"], Ids(commands));
        var (_, ask, _) = await SendAsync(HttpMethod.Get, "/api/v1/commands/ask");
        Assert.Equal(("Asks for a word", "x", "hello", 3), (
            Text(ask, "description"), Text(ask, "agent"), Text(ask.GetProperty("example"), "word"),
            ask.GetProperty("parameters").GetProperty("properties").GetProperty("times").GetProperty("default").GetInt32()));
        await using var worker = await WorkerAsync();
        var (status, execution, _) = await SendAsync(HttpMethod.Post, "/api/v1/commands/ask/executions?wait=90s", """{"input":{"word":"yes"}}""");
        Assert.Equal((HttpStatusCode.OK, "command", "ask", "COMPLETED", "Say yes 3 times"), (
            status, Text(execution, "kind"), Text(execution, "target"), Text(execution, "status"), Text(execution, "output")));
    }

    [Theory]
    [InlineData("commands/ask", """{"input":{}}""", 400, "input.word is required")]
    [InlineData("commands/ask", """{"input":{"word":"x","many":1}}""", 400, "input.word must be at least 2 characters")]
    [InlineData("commands/ask", """{"input":"text"}""", 400, "input.text is not known")]
    [InlineData("commands/none", """{"input":{}}""", 404, "There is no such command.")]
    [InlineData("commands/lost", """{"input":{}}""", 409, "The command asks the agent 'nobody', and there is none.")]
    [InlineData("workflows/send", """{"input":{"word":7}}""", 400, "input.word must be text")]
    [InlineData("workflows/none", """{"input":{}}""", 404, "There is no such workflow.")]
    [InlineData("workflows/broken", """{"input":{}}""", 409, "Step a runs the agent 'nobody', and there is none.")]
    public async Task What_cannot_run_is_refused_and_changes_nothing(string target, string body, int status, string detail)
    {
        var (answered, problem, _) = await SendAsync(HttpMethod.Post, $"/api/v1/{target}/executions", body);
        Assert.Equal((HttpStatusCode)status, answered);
        Assert.Contains(detail, Text(problem, "detail"), StringComparison.Ordinal);
        Assert.Empty(await _gateway.Store.ListAsync(new ExecutionQuery(), Token));
    }

    [Fact]
    public async Task A_workflow_waits_for_a_decision_of_the_right_role_and_goes_on()
    {
        await using var worker = await WorkerAsync();
        var (_, started, _) = await SendAsync(HttpMethod.Post, "/api/v1/workflows/send/executions", """{"input":{"word":"yes"}}""", GatewayServer.KeyOf(Role.User));
        var id = Text(started, "id");
        await Infrastructure.Programs.UntilAsync(async () => Ids((await SendAsync(HttpMethod.Get, "/api/v1/approvals")).Body, "step") is ["ok"], "it asks");
        Assert.Equal(["draft COMPLETED", "ok AWAITING_APPROVAL", "send PENDING"], await StepsAsync(id));

        var (refused, problem, _) = await SendAsync(HttpMethod.Post, $"/api/v1/executions/{id}/approve", "{}", GatewayServer.KeyOf(Role.User));
        Assert.Equal((HttpStatusCode.Forbidden, "Step ok is decided by the role operator."), (refused, Text(problem, "detail")));
        (refused, problem, _) = await SendAsync(HttpMethod.Post, $"/api/v1/executions/{id}/approve", """{"step":"send"}""");
        Assert.Equal((HttpStatusCode.BadRequest, "step waits for no decision; there are: ok"), (refused, Text(problem, "detail")));
        (refused, problem, _) = await SendAsync(HttpMethod.Post, $"/api/v1/executions/{id}/approve", """{"yes":true}""");
        Assert.Equal(HttpStatusCode.BadRequest, refused);

        var (status, decided, _) = await SendAsync(HttpMethod.Post, $"/api/v1/executions/{id}/approve", """{"comment":"fine"}""", GatewayServer.KeyOf(Role.Operator));
        Assert.Equal((HttpStatusCode.OK, "ok", true, "operator-user", "fine"), (
            status, Text(decided, "step"), decided.GetProperty("approved").GetBoolean(), Text(decided, "decided_by"), Text(decided, "comment")));
        await Infrastructure.Programs.UntilAsync(async () => (await _gateway.Store.GetAsync(Guid.Parse(id), Token))!.Status.IsFinal(), "the workflow ends");
        Assert.Equal("\"sent by operator-user\"", (await _gateway.Store.GetAsync(Guid.Parse(id), Token))!.Output);
        (status, _, _) = await SendAsync(HttpMethod.Post, $"/api/v1/executions/{id}/approve", "{}");
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Equal(["draft COMPLETED", "ok COMPLETED", "send COMPLETED"], await StepsAsync(id));
    }

    [Fact]
    public async Task A_refused_workflow_fails_and_asks_again_when_it_is_retried()
    {
        await using var worker = await WorkerAsync();
        var (_, started, _) = await SendAsync(HttpMethod.Post, "/api/v1/workflows/send/executions", """{"input":{"word":"yes"}}""");
        var id = Text(started, "id");
        for (var round = 1; round <= 2; round++)
        {
            await Infrastructure.Programs.UntilAsync(async () => Ids((await SendAsync(HttpMethod.Get, "/api/v1/approvals")).Body, "step") is ["ok"], "it asks");
            await SendAsync(HttpMethod.Post, $"/api/v1/executions/{id}/approve", """{"approved":false,"comment":"no"}""");
            await Infrastructure.Programs.UntilAsync(async () => (await _gateway.Store.GetAsync(Guid.Parse(id), Token))!.Status.IsFinal(), "the workflow ends");
            Assert.Equal(new ExecutionError("StepFailed", "Step ok: Refused: admin-user refused: no"), (await _gateway.Store.GetAsync(Guid.Parse(id), Token))!.Error);
            Assert.Equal(["draft COMPLETED", "ok FAILED", "send SKIPPED"], await StepsAsync(id));
            Assert.Equal(HttpStatusCode.Accepted, (await SendAsync(HttpMethod.Post, $"/api/v1/executions/{id}/retry", "")).Status);
        }

        Assert.Single(await _gateway.Store.ListAsync(new ExecutionQuery { ParentId = Guid.Parse(id) }, Token));
    }

    [Fact]
    public async Task A_workflow_that_is_cancelled_while_it_waits_is_counted_once_and_shows_how_it_stood()
    {
        await using var worker = await WorkerAsync();
        var (_, started, _) = await SendAsync(HttpMethod.Post, "/api/v1/workflows/send/executions", """{"input":{"word":"yes"}}""");
        var id = Text(started, "id");
        await Infrastructure.Programs.UntilAsync(async () => (await _gateway.Store.GetDepthAsync(Token)).Parked == 1 && (await SendAsync(HttpMethod.Get, "/api/v1/approvals")).Body.GetProperty("items").GetArrayLength() == 1, "it asks");
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => SendAsync(HttpMethod.Post, $"/api/v1/executions/{id}/cancel", "")));
        Assert.All(answers, a => Assert.Equal((HttpStatusCode.OK, "CANCELLED"), (a.Status, Text(a.Body, "status"))));
        Assert.Equal(["draft COMPLETED", "ok CANCELLED", "send SKIPPED"], await StepsAsync(id));

        using var http = _gateway.Client();
        var metrics = (await http.GetStringAsync("/metrics", Token)).Split('\n');
        foreach (var (family, label) in (( string, string)[])[("workflow_executions_total", "workflow_id=\"send\""), ("tasks_total", "type=\"workflow\""), ("workflow_execution_duration_seconds_count", "workflow_id=\"send\"")])
        {
            Assert.EndsWith(" 1", Assert.Single(metrics, m => m.StartsWith($"{_gateway.Prefix}{family}{{", StringComparison.Ordinal) && m.Contains(label, StringComparison.Ordinal)
                && m.Contains("status=\"cancelled\"", StringComparison.Ordinal)).Split(" # ")[0].TrimEnd(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_step_that_could_not_be_filled_in_is_shown_as_the_one_that_failed()
    {
        await File.WriteAllTextAsync(
            Path.Combine(_catalog, "workflows/missing.yaml"), "description: d\nsteps:\n  a: {agent: x}\n  b: {agent: x, needs: [a], input: {text: '{{steps.a.output.nothing}}'}}\n  c: {agent: x, needs: [b]}", Token);
        _gateway.Services.GetRequiredService<OsMEN.Executions.Workflows.WorkflowCatalog>().Refresh();
        await using var worker = await WorkerAsync();
        var (_, ended, _) = await SendAsync(HttpMethod.Post, "/api/v1/workflows/missing/executions?wait=90s", """{"input":{}}""");
        Assert.Equal("FAILED", Text(ended, "status"));
        Assert.Equal(["a COMPLETED", "b FAILED", "c SKIPPED"], await StepsAsync(Text(ended, "id")));
    }

    [Fact]
    public async Task A_decision_is_only_taken_from_what_was_sent_and_only_for_what_is_open()
    {
        await File.WriteAllTextAsync(
            Path.Combine(_catalog, "workflows/two.yaml"),
            "description: d\nsteps:\n  late: {approval: {message: m, timeout: 1s}, on_failure: continue}\n  ok: {approval: {message: m}}", Token);
        _gateway.Services.GetRequiredService<OsMEN.Executions.Workflows.WorkflowCatalog>().Refresh();
        await using var worker = await WorkerAsync();
        var (_, started, _) = await SendAsync(HttpMethod.Post, "/api/v1/workflows/two/executions", """{"input":{}}""");
        var id = Text(started, "id");
        await Infrastructure.Programs.UntilAsync(async () => await StepsAsync(id) is ["late FAILED", "ok AWAITING_APPROVAL"], "one has expired");

        // Neither a type nor a length, but a body that refuses.
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/executions/{id}/approve") { Content = new StreamContent(new MemoryStream("""{"approved":false}"""u8.ToArray())) };
        request.Headers.TransferEncodingChunked = true;
        using var http = _gateway.Client();
        using var answer = await http.SendAsync(request, Token);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
        Assert.Equal(["late FAILED", "ok AWAITING_APPROVAL"], await StepsAsync(id));

        var decided = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => SendAsync(HttpMethod.Post, $"/api/v1/executions/{id}/approve", i % 2 == 0 ? "" : """{"approved":false}""")));
        Assert.Equal(1, decided.Count(d => d.Status == HttpStatusCode.OK));
        Assert.Equal(4, decided.Count(d => d.Status == HttpStatusCode.Conflict));
    }

    [Fact]
    public async Task A_schedule_that_missed_its_times_starts_once_for_one_inside_its_catch_up_window()
    {
        await File.WriteAllTextAsync(Path.Combine(_catalog, "workflows/send.yaml"), """
            description: d
            steps: {a: {agent: x}}
            schedules: [{cron: "*/5 * * * *", input: {}, catchup_window: 30m}]
            """, Token);
        _gateway.Services.GetRequiredService<OsMEN.Executions.Workflows.WorkflowCatalog>().Refresh();
        var loop = _gateway.Services.GetRequiredService<ScheduleLoop>();
        var table = _gateway.Services.GetRequiredService<ScheduleTable>();
        await Infrastructure.Programs.UntilAsync(
            async () =>
            {
                await loop.LookAsync(Token);
                return (await table.ListAsync(Token)) is [{ Rule: "*/5 * * * * UTC" }];
            },
            "the schedule is known");
        var now = TimeProvider.System.GetUtcNow();
        await SetDueAsync(table, now.AddDays(-3));
        for (var i = 0; i < 3; i++)
            await loop.LookAsync(Token);
        var execution = Assert.Single(await _gateway.Store.ListAsync(new ExecutionQuery(), Token));
        Assert.Equal(("send", "scheduler"), (execution.Target, execution.User));
        Assert.True(Assert.Single(await table.ListAsync(Token)).NextAt > now);
    }

    [Fact]
    public async Task A_schedule_starts_its_workflow_once_for_each_time_however_many_gateways_look()
    {
        var loop = _gateway.Services.GetRequiredService<ScheduleLoop>();
        await loop.LookAsync(Token);
        var (_, schedules, _) = await SendAsync(HttpMethod.Get, "/api/v1/schedules");
        var schedule = Assert.Single(schedules.GetProperty("items").EnumerateArray());
        Assert.Equal(("send/1", "send", "0 0 1 1 *", "UTC", "ana", "1h"), (
            Text(schedule, "id"), Text(schedule, "workflow"), Text(schedule, "cron"), Text(schedule, "time_zone"), Text(schedule, "user"), Text(schedule, "catchup_window")));
        Assert.Equal(0, schedule.GetProperty("next_at").GetDateTimeOffset().Second);

        var table = _gateway.Services.GetRequiredService<ScheduleTable>();
        var due = TimeProvider.System.GetUtcNow().AddSeconds(-90);
        await SetDueAsync(table, due);
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => loop.LookAsync(Token)));
        var execution = Assert.Single(await _gateway.Store.ListAsync(new ExecutionQuery(), Token));
        Assert.Equal((ExecutionKind.Workflow, "send", "ana", """{"word":"hello"}"""), (execution.Kind, execution.Target, execution.User, execution.Input));
        Assert.Equal(execution.Id, Assert.Single(await table.ListAsync(Token)).LastExecution);

        // While that one runs, the next time is left out; and one from long ago is too.
        await SetDueAsync(table, due.AddSeconds(60));
        await loop.LookAsync(Token);
        await _gateway.Store.CancelAsync(execution.Id, Token);
        await SetDueAsync(table, due.AddHours(-2));
        await loop.LookAsync(Token);
        Assert.Single(await _gateway.Store.ListAsync(new ExecutionQuery(), Token));
        await SetDueAsync(table, due.AddSeconds(61));
        await loop.LookAsync(Token);
        Assert.Equal(2, (await _gateway.Store.ListAsync(new ExecutionQuery(), Token)).Count);
    }

    private static async Task SetDueAsync(ScheduleTable table, DateTimeOffset due)
    {
        for (var changed = false; !changed;)
        {
            // The gateway's own loop may have moved it meanwhile.
            var stored = Assert.Single(await table.ListAsync(Token));
            await table.WriteAsync(stored with { NextAt = due }, stored, Token);
            changed = Assert.Single(await table.ListAsync(Token)).NextAt.ToUnixTimeMilliseconds() != stored.NextAt.ToUnixTimeMilliseconds();
        }
    }

    private static string[] Ids(JsonElement page, string name = "id") => [.. page.GetProperty("items").EnumerateArray().Select(i => Text(i, name))];

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private Task<TestWorker> WorkerAsync() => TestWorker.StartAsync(
        _gateway.ConnectionString, (run, _) => Task.FromResult(new OsMEN.AgentWorker.Agents.AgentOutcome(JsonSerializer.Serialize(OsMEN.AgentWorker.Agents.AgentInput.ToText(run.Execution.Input)))), catalog: _catalog);

    private async Task<string[]> StepsAsync(string id) =>
        [.. (await SendAsync(HttpMethod.Get, $"/api/v1/executions/{id}/steps")).Body.GetProperty("items").EnumerateArray().Select(s => $"{Text(s, "id")} {Text(s, "status")}")];

    private Task<(HttpStatusCode Status, JsonElement Body, HttpResponseMessage Response)> SendAsync(HttpMethod method, string path, string? body = null, string? key = null) =>
        key is null ? _gateway.SendAsync(method, path, body) : _gateway.SendAsync(method, path, body, key);
}
