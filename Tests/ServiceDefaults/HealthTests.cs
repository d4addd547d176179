using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using OsMEN.ServiceDefaults.Health;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.ServiceDefaults;

public sealed class HealthTests
{
    [Fact]
    public async Task A_component_down_degrades_the_service_and_a_critical_one_makes_it_unhealthy()
    {
        var (database, llm) = (HealthCheckResult.Healthy("Connected."), HealthCheckResult.Healthy());
        await using var service = await TestService.StartAsync(b => b
            .AddHealthComponent("database", (_, _) => Task.FromResult(database), period: TimeSpan.FromHours(1))
            .AddHealthComponent("llm", (_, _) => Task.FromResult(llm), period: TimeSpan.FromHours(1)));
        await service.CheckAsync("");
        Assert.Equal((HttpStatusCode.OK, "healthy"), await service.GetAsync("/health/status"));
        Assert.Equal((HttpStatusCode.OK, """{"status":"ready"}"""), await service.GetAsync("/health/ready"));

        llm = HealthCheckResult.Unhealthy("No answer.");
        await service.CheckAsync("llm");
        Assert.Equal((HttpStatusCode.OK, "degraded"), await service.GetAsync("/health/status"));
        Assert.Equal((HttpStatusCode.OK, """{"status":"ready"}"""), await service.GetAsync("/ready"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await service.GetAsync("/health/dependencies/llm")).Status);

        database = HealthCheckResult.Unhealthy("Gone: Host=db;Password=hunter2");
        await service.CheckAsync("database");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "unhealthy"), await service.GetAsync("/health/status"));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"status":"not_ready","failing":["database"]}"""), await service.GetAsync("/ready"));
        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/health/live")).Status);
        var component = await service.GetJsonAsync("/health/components/database");
        Assert.Equal("Gone: Host=db;Password=***", component.GetProperty("details").GetProperty("message").GetString());

        database = HealthCheckResult.Healthy();
        await service.CheckAsync("database");
        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/ready")).Status);
        var changes = (await service.GetJsonAsync("/health/history?hours=1")).GetProperty("changes").EnumerateArray()
            .Where(c => c.GetProperty("component").GetString() == "database")
            .Select(c => (c.GetProperty("from").GetString(), c.GetProperty("to").GetString()));
        Assert.Equal([(null, "healthy"), ("healthy", "unhealthy"), ("unhealthy", "healthy")], changes);
        Assert.Equal(1, (await service.GetJsonAsync("/health/metrics")).GetProperty("components").GetProperty("database").GetProperty("failures").GetInt64());
    }

    [Theory]
    [InlineData("/health")]
    [InlineData("/health/live")]
    [InlineData("/alive")]
    [InlineData("/health/ready")]
    [InlineData("/ready")]
    [InlineData("/health/status")]
    public async Task A_monitor_may_ask_for_the_head_alone(string path)
    {
        await using var service = await TestService.StartAsync(b => b.AddHealthComponent("database", (_, _) => Task.FromResult(HealthCheckResult.Unhealthy("Gone."))));
        await service.CheckAsync("");
        using var request = new HttpRequestMessage(HttpMethod.Head, path);
        using var response = await service.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(((await service.GetAsync(path)).Status, ""), (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task The_report_has_the_shape_of_the_contract_and_only_what_is_registered()
    {
        await using var service = await TestService.StartAsync(b => b.AddHealthComponent(
            "database", (_, _) => Task.FromResult(HealthCheckResult.Healthy("Connected.", new Dictionary<string, object> { ["pool"] = 3 }))));
        await service.CheckAsync("");
        var report = await service.GetJsonAsync("/health");
        Assert.Equal(["status", "service", "version", "timestamp", "uptime", "components"], report.EnumerateObject().Select(p => p.Name));
        Assert.Equal(["database", "memory"], report.GetProperty("components").EnumerateObject().Select(p => p.Name));
        var database = report.GetProperty("components").GetProperty("database");
        Assert.Equal("healthy", database.GetProperty("status").GetString());
        Assert.Equal("""{"message":"Connected.","pool":3}""", database.GetProperty("details").GetRawText());
        Assert.True(database.GetProperty("response_time_ms").GetDouble() >= 0);
        Assert.Equal(JsonValueKind.String, database.GetProperty("last_checked").ValueKind);
        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/api/v1/monitoring/dashboard/health/")).Status);
    }

    [Theory]
    [InlineData("/health/")]
    [InlineData("/api/v1/monitoring/health/")]
    [InlineData("/api/v1/monitoring/dashboard/health/")]
    public async Task The_report_answers_under_its_aliases(string path)
    {
        await using var service = await TestService.StartAsync();
        await service.CheckAsync("");
        var report = await service.GetJsonAsync(path);
        Assert.Equal(("healthy", "memory"), (report.GetProperty("status").GetString(), Assert.Single(report.GetProperty("components").EnumerateObject()).Name));
    }

    [Fact]
    public async Task Each_check_runs_on_its_own_period_and_answers_come_from_its_latest_result()
    {
        var clock = new Infrastructure.ManualTimeProvider();
        var (quick, slow) = (0, 0);
        await using var service = await TestService.StartAsync(b =>
        {
            b.Services.AddSingleton<TimeProvider>(clock);
            b.AddHealthComponent("redis", (_, _) => Task.FromResult(HealthCheckResult.Healthy($"Asked {++quick} times.")), period: TimeSpan.FromSeconds(2));
            b.AddHealthComponent("task_queue", (_, _) => Task.FromResult(HealthCheckResult.Degraded($"Asked {++slow} times.")), period: TimeSpan.FromHours(1));
        });
        await clock.WaitForTimerOfAsync(TimeSpan.FromHours(1), TestContext.Current.CancellationToken);
        await clock.WaitForTimerOfAsync(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        clock.Advance(TimeSpan.FromSeconds(2));
        await clock.WaitForTimerOfAsync(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        foreach (var path in new[] { "/health", "/health/components/redis", "/health/dependencies/redis", "/health/metrics", "/health/status", "/ready" })
            Assert.Equal(HttpStatusCode.OK, (await service.GetAsync(path)).Status);
        Assert.Equal((2, 1), (quick, slow));
        Assert.Equal("degraded", (await service.GetAsync("/health/status")).Body);

        var numbers = (await service.GetJsonAsync("/health/metrics")).GetProperty("components");
        Assert.Equal(
            """{"checks":2,"failures":0,"consecutive_failures":0,"average_response_time_ms":0,"period_seconds":2,"timeout_seconds":5}""",
            numbers.GetProperty("redis").GetRawText());
        Assert.Equal(
            """{"checks":1,"failures":1,"consecutive_failures":1,"average_response_time_ms":0,"period_seconds":3600,"timeout_seconds":5}""",
            numbers.GetProperty("task_queue").GetRawText());
    }

    [Fact]
    public async Task A_change_says_what_when_why_and_who_found_it()
    {
        await using var service = await TestService.StartAsync(
            b =>
            {
                b.Services.AddSingleton<TimeProvider>(new Infrastructure.ManualTimeProvider());
                b.AddHealthComponent("llm", (_, _) => Task.FromResult(HealthCheckResult.Unhealthy($"No answer to api_key=hunter2hunter2. {new string('x', 2000)}")));
            },
            settings: [("OTEL_SERVICE_NAME", "gateway"), ("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=gateway-1")]);
        await service.CheckAsync("llm");
        var history = await service.GetJsonAsync("/health/history?hours=0.5");
        Assert.Equal(("2025-12-31T23:30:00.000Z", true), (history.GetProperty("since").GetString(), history.GetProperty("complete").GetBoolean()));
        var change = history.GetProperty("changes").EnumerateArray().Single(c => c.GetProperty("component").GetString() == "llm");
        var message = change.GetProperty("message").GetString()!;
        Assert.Equal(1000, message.Length);
        Assert.DoesNotContain("hunter2", message, StringComparison.Ordinal);
        Assert.Equal(
            $$"""{"component":"llm","from":null,"to":"unhealthy","at":"2026-01-01T00:00:00.000Z","message":"{{message}}","service":"gateway","instance":"gateway-1"}""",
            change.GetRawText());
        foreach (var hours in new[] { "0", "-1", "9000", "NaN", "day" })
            Assert.Equal(HttpStatusCode.BadRequest, (await service.GetAsync($"/health/history?hours={hours}")).Status);
    }

    [Theory]
    [InlineData("/health/components/nonsense")]
    [InlineData("/health/dependencies/memory")]
    public async Task An_unknown_component_is_not_found(string path)
    {
        await using var service = await TestService.StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await service.GetAsync(path)).Status);
    }

    [Fact]
    public async Task A_check_that_hangs_holds_up_no_probe_and_is_not_started_twice()
    {
        var hang = new TaskCompletionSource<HealthCheckResult>();
        var asked = new TaskCompletionSource();
        var started = 0;
        var time = new ManualTimeProvider();
        await using var service = await TestService.StartAsync(b =>
        {
            b.Services.AddSingleton<TimeProvider>(time);
            b.AddHealthComponent(
                "database",
                (_, _) =>
                {
                    Interlocked.Increment(ref started);
                    asked.TrySetResult();
                    return hang.Task;
                },
                timeout: TimeSpan.FromMilliseconds(50));
        });
        await asked.Task.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/health/live")).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await service.GetAsync("/health/ready")).Status);

        // The first round is waiting for it; the next one waits for the clock.
        time.Advance(TimeSpan.FromMilliseconds(50));
        await Programs.UntilAsync(async () => await MessageAsync(service) == "No answer within 0.05 s.", "the time-out is noticed");

        // A check joins the one that is under way, which that still is for a moment after its result is there.
        await Programs.UntilAsync(
            async () =>
            {
                await service.CheckAsync("database");
                return await MessageAsync(service) == "An earlier check has not ended yet.";
            },
            "another check is told of it");
        Assert.Equal(1, started);

        hang.SetResult(HealthCheckResult.Healthy());
        await service.CheckAsync("database");
        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/health/ready")).Status);
    }

    [Fact]
    public async Task Readiness_comes_from_the_first_round_without_being_asked()
    {
        var asked = new TaskCompletionSource();
        await using var service = await TestService.StartAsync(b => b.AddHealthComponent(
            "redis",
            (_, _) =>
            {
                asked.TrySetResult();
                return Task.FromResult(HealthCheckResult.Healthy());
            },
            period: TimeSpan.FromHours(1)));
        await asked.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        await Programs.UntilAsync(async () => (await service.GetAsync("/ready")).Status == HttpStatusCode.OK, "readiness");
    }

    [Fact]
    public async Task Readiness_is_false_while_the_service_drains_and_liveness_stays()
    {
        var gate = new Gate();
        await using var service = await TestService.StartAsync(b => b.Services.AddSingleton<IHostedService>(gate));
        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/ready")).Status);

        // As SIGTERM does.
        var stopping = service.App.WaitForShutdownAsync(TestContext.Current.CancellationToken);
        service.App.Lifetime.StopApplication();
        await gate.Reached.Task.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"status":"draining"}"""), await service.GetAsync("/ready"));
        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/alive")).Status);
        gate.Open.SetResult();
        await stopping;
    }

    [Fact]
    public async Task Without_health_checks_only_liveness_and_readiness_answer()
    {
        await using var service = await TestService.StartAsync(settings: ("ENABLE_HEALTH_CHECK", "false"));
        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/ready")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await service.GetAsync("/health")).Status);
    }

    [Fact]
    public async Task The_report_moves_with_its_path()
    {
        await using var service = await TestService.StartAsync(settings: ("HEALTH_CHECK_PATH", "/healthz"));
        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/healthz")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await service.GetAsync("/health")).Status);
    }

    private static async Task<string?> MessageAsync(TestService service) =>
        (await service.GetJsonAsync("/health/components/database")).GetProperty("details").GetProperty("message").GetString();

    // Work that a stopping service still finishes.
    private sealed class Gate : IHostedLifecycleService
    {
        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Open { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task StoppingAsync(CancellationToken cancellationToken)
        {
            Reached.TrySetResult();
            return Open.Task;
        }

        public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
