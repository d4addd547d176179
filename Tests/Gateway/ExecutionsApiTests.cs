using System.Net;
using OsMEN.Executions;
using OsMEN.Gateway.Security;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Gateway;

public sealed class ExecutionsApiTests(GatewayServer gateway) : IClassFixture<GatewayServer>
{
    private const string Start = "/api/v1/agents/daily_brief/executions";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_asked_for_is_accepted_shown_and_found()
    {
        var (status, accepted, response) = await gateway.SendAsync(
            HttpMethod.Post, Start, """{"input":{"text":"Grüße 🌍"},"priority":7,"run_at":"2099-01-31T08:00:00+02:00","timeout":"90s","max_attempts":5,"budget_usd":0.25,"metadata":{"team":"ops"}}""");
        Assert.Equal(HttpStatusCode.Accepted, status);
        var id = accepted.GetProperty("id").GetString();
        Assert.Equal($"/api/v1/executions/{id}", response.Headers.Location!.ToString());
        Assert.Equal(
            """agent daily_brief admin-user PENDING 7 {"text":"Grüße 🌍"} 0 5 2099-01-31T06:00:00+00:00 90s 0.25 {"team":"ops"} 0""",
            string.Join(' ', "kind target user status priority input attempt max_attempts run_at timeout budget_usd metadata cost_usd".Split(' ').Select(n => accepted.GetProperty(n).ToString())));
        Assert.Equal(32, accepted.GetProperty("trace_id").GetString()!.Length);
        Assert.NotEmpty(accepted.GetProperty("request_id").GetString()!);
        var (_, found, _) = await gateway.SendAsync(HttpMethod.Get, $"/api/v1/executions/{id}");
        Assert.Equal(accepted.GetRawText(), found.GetRawText());
    }

    [Fact]
    public async Task The_same_key_and_body_give_the_same_execution_and_another_body_a_conflict()
    {
        var key = ("Idempotency-Key", $"key-{Guid.CreateVersion7()}");
        var first = await gateway.SendAsync(HttpMethod.Post, Start, """{"input":"one"}""", headers: key);
        var again = await gateway.SendAsync(HttpMethod.Post, Start, $$"""{ "idempotency_key": "{{key.Item2}}", "input":"one"}""");
        var other = await gateway.SendAsync(HttpMethod.Post, Start, """{"input":"two"}""", headers: key);
        var both = await gateway.SendAsync(HttpMethod.Post, Start, """{"input":"one","idempotency_key":"x"}""", headers: key);
        Assert.Equal(first.Body.GetProperty("id").GetString(), again.Body.GetProperty("id").GetString());
        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.BadRequest), (other.Status, both.Status));
    }

    [Fact]
    public async Task A_wait_answers_once_it_has_finished_and_says_accepted_when_it_has_not()
    {
        using var client = gateway.Client();
        var (status, body, _) = await gateway.SendAsync(HttpMethod.Post, Start + "?wait=50ms", """{"input":"x","priority":0}""");
        Assert.Equal((HttpStatusCode.Accepted, "PENDING"), (status, body.GetProperty("status").GetString()));
        var waiting = gateway.SendAsync(HttpMethod.Post, Start + "?wait=90s", """{"input":"waited for","priority":9}""");
        var finished = await CompleteAsync("\"waited for\"", "\"done\"");
        var (ended, answer, _) = await waiting;
        Assert.Equal((HttpStatusCode.OK, finished, "COMPLETED", "done"), (ended, answer.GetProperty("id").GetGuid(), answer.GetProperty("status").GetString(), answer.GetProperty("output").GetString()));
    }

    [Fact]
    public async Task A_queued_one_is_cancelled_at_once_and_can_be_retried()
    {
        var id = (await gateway.StartAsync()).GetProperty("id").GetString();
        var cancelled = await gateway.SendAsync(HttpMethod.Post, $"/api/v1/executions/{id}/cancel");
        Assert.Equal((HttpStatusCode.OK, "CANCELLED"), (cancelled.Status, cancelled.Body.GetProperty("status").GetString()));
        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Post, $"/api/v1/executions/{id}/cancel")).Status);
        var retried = await gateway.SendAsync(HttpMethod.Post, $"/api/v1/executions/{id}/retry");
        Assert.Equal((HttpStatusCode.Accepted, "PENDING"), (retried.Status, retried.Body.GetProperty("status").GetString()));
        Assert.Equal(HttpStatusCode.Conflict, (await gateway.SendAsync(HttpMethod.Post, $"/api/v1/executions/{id}/retry")).Status);
    }

    [Fact]
    public async Task Pages_follow_on_without_repeating_or_missing_any()
    {
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
            ids.Add((await gateway.StartAsync(role: Role.Operator)).GetProperty("id").GetString()!);
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var (_, page, _) = await gateway.SendAsync(HttpMethod.Get, $"/api/v1/executions?user=operator-user&agent=daily_brief&limit=2&cursor={cursor}");
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(e => e.GetProperty("id").GetString()!));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);
        Assert.Equal(ids.AsEnumerable().Reverse(), seen);
    }

    [Theory]
    [InlineData("{", "")]
    [InlineData("", "")]
    [InlineData("[]", "")]
    [InlineData("{}", "input")]
    [InlineData("""{"input":7}""", "input")]
    [InlineData("""{"input":null}""", "input")]
    [InlineData("""{"input":"\ud800"}""", "input")]
    [InlineData("""{"input":{"a":{"\udc00":1}}}""", "input")]
    [InlineData("""{"input":"x","priority":10}""", "priority")]
    [InlineData("""{"input":"x","priority":1.5}""", "priority")]
    [InlineData("""{"input":"x","priority":"high"}""", "priority")]
    [InlineData("""{"input":"x","timeout":"soon"}""", "timeout")]
    [InlineData("""{"input":"x","timeout":"25h"}""", "timeout")]
    [InlineData("""{"input":"x","run_at":"tomorrow"}""", "run_at")]
    [InlineData("""{"input":"x","run_at":"2030-01-31T08:00:00"}""", "run_at")]
    [InlineData("""{"input":"x","max_attempts":0}""", "max_attempts")]
    [InlineData("""{"input":"x","budget_usd":-1}""", "budget_usd")]
    [InlineData("""{"input":"x","budget_usd":0.0000000001}""", "budget_usd")]
    [InlineData("""{"input":"x","budget_usd":1e400}""", "budget_usd")]
    [InlineData("""{"input":"x","metadata":"text"}""", "metadata")]
    [InlineData("""{"input":"x","idempotency_key":""}""", "idempotency_key")]
    [InlineData("""{"input":"x","input":"y"}""", "input")]
    [InlineData("""[{"input":"x","input":"y"}]""", "")]
    [InlineData("""{"input":"x","metadata":{"a":{"b":1,"b":2}}}""", "metadata")]
    [InlineData("""{"input":"x","prioritty":1}""", "prioritty")]
    public async Task A_bad_field_is_named_and_nothing_is_accepted(string body, string field)
    {
        var before = await gateway.Store.ListAsync(new ExecutionQuery { Limit = 1000 }, Token);
        var (status, problem, response) = await gateway.SendAsync(HttpMethod.Post, Start, body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Contains(field, problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
        Assert.Equal(32, problem.GetProperty("traceId").GetString()!.Length);
        Assert.Equal(response.Headers.GetValues("X-Request-Id").Single(), problem.GetProperty("requestId").GetString());
        Assert.Equal(before.Count, (await gateway.Store.ListAsync(new ExecutionQuery { Limit = 1000 }, Token)).Count);
    }

    [Theory]
    [InlineData("?limit=0", "limit")]
    [InlineData("?limit=1001", "limit")]
    [InlineData("?status=DONE", "status")]
    [InlineData("?cursor=%00garbage", "cursor")]
    [InlineData("?since=yesterday", "since")]
    [InlineData("?statsu=FAILED", "statsu")]
    [InlineData("?limit=1&limit=2", "limit")]
    public async Task A_bad_filter_is_named(string query, string field)
    {
        var (status, problem, _) = await gateway.SendAsync(HttpMethod.Get, "/api/v1/executions" + query);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(field, problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Fact]
    public async Task Wrong_addresses_methods_and_kinds_have_their_status_and_a_problem()
    {
        foreach (var (method, path, body, expected) in new (HttpMethod, string, object?, HttpStatusCode)[]
        {
            (HttpMethod.Get, "/api/v1/executions/not-an-id", null, HttpStatusCode.NotFound),
            (HttpMethod.Get, $"/api/v1/executions/{Guid.CreateVersion7()}", null, HttpStatusCode.NotFound),
            (HttpMethod.Post, "/api/v1/agents/no_such_agent/executions", """{"input":"x"}""", HttpStatusCode.NotFound),
            (HttpMethod.Get, "/api/v1/nothing/here", null, HttpStatusCode.NotFound),
            (HttpMethod.Delete, "/api/v1/executions", null, HttpStatusCode.MethodNotAllowed),
            (HttpMethod.Post, Start, new StringContent("input=x"), HttpStatusCode.UnsupportedMediaType),
            (HttpMethod.Post, Start, "{\"input\":\"" + new string('x', 3_000_000) + "\"}", HttpStatusCode.RequestEntityTooLarge),
        })
        {
            var (status, problem, response) = await gateway.SendAsync(method, path, body);
            Assert.Equal((path, expected), (path, status));
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
            Assert.Equal((int)expected, problem.GetProperty("status").GetInt32());
        }
    }

    [Fact]
    public async Task A_user_sees_and_changes_only_its_own()
    {
        var own = (await gateway.StartAsync(role: Role.User)).GetProperty("id").GetString();
        var foreign = (await gateway.StartAsync(role: Role.Admin)).GetProperty("id").GetString();
        var key = GatewayServer.KeyOf(Role.User);
        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Get, $"/api/v1/executions/{own}", key: key)).Status);
        foreach (var (method, path) in new[] { (HttpMethod.Get, ""), (HttpMethod.Get, "/events"), (HttpMethod.Post, "/cancel"), (HttpMethod.Post, "/retry") })
            Assert.Equal(HttpStatusCode.NotFound, (await gateway.SendAsync(method, $"/api/v1/executions/{foreign}{path}", key: key)).Status);
        var (_, page, _) = await gateway.SendAsync(HttpMethod.Get, "/api/v1/executions", key: key);
        Assert.All(page.GetProperty("items").EnumerateArray(), e => Assert.Equal("user-user", e.GetProperty("user").GetString()));
        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Post, $"/api/v1/executions/{own}/cancel", key: key)).Status);
        await gateway.SendAsync(HttpMethod.Post, $"/api/v1/executions/{foreign}/cancel");
        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Get, $"/api/v1/executions/{own}", key: GatewayServer.KeyOf(Role.Operator))).Status);
    }

    /// <summary>Waits for the execution of that input, claims it and completes it, as a worker would.</summary>
    private async Task<Guid> CompleteAsync(string input, string output)
    {
        await using var worker = await ServiceHarness.CreateAsync(gateway.Store);
        Guid? completed = null;
        await Programs.UntilAsync(
            async () =>
            {
                foreach (var claim in await gateway.Store.ClaimAsync("w", 10, TimeSpan.FromMinutes(1), Token))
                {
                    using var running = worker.Recorder.Open(claim);
                    await running.EndAsync(new AttemptEnd(ExecutionStatus.Completed, output));
                    if (claim.Execution.Input == input)
                        completed = claim.Execution.Id;
                }

                return completed is not null;
            },
            "it was accepted");
        return completed!.Value;
    }
}
