using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace OsMEN.Tests.ServiceDefaults;

public sealed class TracingTests
{
    [Fact]
    public async Task Server_span_has_route_status_and_error_and_probes_have_no_span()
    {
        using var spans = new ServerSpans();
        await using var service = await TestService.StartAsync(
            map: app =>
            {
                app.MapGet("/items/{id}", (string id) => id);
                app.MapGet("/boom", IResult () => throw new InvalidOperationException("no"));
                app.MapGet("/busy", () => TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable));
            },
            settings: ("OTEL_TRACES_SAMPLER", "always_on"));
        foreach (var path in (string[])["/items/1", "/boom", "/busy", "/nowhere", "/alive", "/health/ready", "/metrics"]) await service.GetAsync(path, spans.Parent);

        await service.App.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(
            [
                ("GET /items/{id}", "/items/{id}", 200, ActivityStatusCode.Unset, (string?)null),
                ("GET /boom", "/boom", 500, ActivityStatusCode.Error, "System.InvalidOperationException"),
                ("GET /busy", "/busy", 503, ActivityStatusCode.Error, "503"),
                ("GET", null, 404, ActivityStatusCode.Unset, null),
            ],
            spans.Ended);
        Assert.Equal(4, spans.RequestIds);
    }

    [Fact]
    public async Task Server_span_of_a_handled_exception_keeps_its_route_and_error()
    {
        using var spans = new ServerSpans();
        await using var service = await TestService.StartAsync(
            map: app =>
            {
                app.UseExceptionHandler();
                app.UseRouting();
                app.MapGet("/boom/{id}", IResult (string id) => throw new InvalidOperationException(id));
            },
            settings: ("OTEL_TRACES_SAMPLER", "always_on"));
        await service.GetAsync("/boom/1", spans.Parent);
        await service.App.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("GET /boom/{id}", "/boom/{id}", 500, ActivityStatusCode.Error, "System.InvalidOperationException"), Assert.Single(spans.Ended));
    }

    [Fact]
    public async Task Request_that_its_client_abandons_is_no_error()
    {
        using var spans = new ServerSpans();
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        await using var service = await TestService.StartAsync(
            map: app => app.MapGet("/slow", async (HttpContext context) =>
            {
                await context.Response.WriteAsync("started", context.RequestAborted);
                await leaving.CancelAsync();
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }),
            settings: ("OTEL_TRACES_SAMPLER", "always_on"));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/slow");
        request.Headers.TryAddWithoutValidation(spans.Parent.Name, spans.Parent.Value);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => service.Client.SendAsync(request, leaving.Token));
        await service.App.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("GET /slow", "/slow", 499, ActivityStatusCode.Unset, null), Assert.Single(spans.Ended));
    }

    [Fact]
    public async Task A_request_id_that_is_given_is_used_and_a_hostile_one_is_not()
    {
        await using var service = await TestService.StartAsync(map: app => app.MapGet("/id", (HttpContext c) => c.TraceIdentifier));
        Assert.Equal("req-1.a_B", (await service.GetAsync("/id", ("X-Request-Id", "req-1.a_B"))).Body);
        Assert.DoesNotContain("\"", (await service.GetAsync("/id", ("X-Request-Id", "a\"b"))).Body, StringComparison.Ordinal);
        Assert.InRange((await service.GetAsync("/id", ("X-Request-Id", new('a', 65)))).Body.Length, 1, 64);
    }

    /// <summary>The server spans of one trace, as exporters would see them.</summary>
    private sealed class ServerSpans : IDisposable
    {
        private readonly List<Activity> _ended = [];
        private readonly ActivityTraceId _traceId = ActivityTraceId.CreateRandom();
        private readonly ActivityListener _listener;

        public ServerSpans()
        {
            _listener = new()
            {
                ShouldListenTo = s => s.Name == "Microsoft.AspNetCore",
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.None,
                ActivityStopped = a =>
                {
                    if (a.TraceId == _traceId && a.IsAllDataRequested) lock (_ended) _ended.Add(a);
                },
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public (string Name, string Value) Parent => ("traceparent", $"00-{_traceId.ToHexString()}-{ActivitySpanId.CreateRandom().ToHexString()}-01");

        public int RequestIds => _ended.Count(s => s.GetTagItem("request_id") is string { Length: > 0 });

        public IEnumerable<(string Name, string? Route, int Status, ActivityStatusCode Code, string? Error)> Ended => _ended.Select(s =>
            (s.DisplayName, (string?)s.GetTagItem("http.route"), (int?)s.GetTagItem("http.response.status_code") ?? 0, s.Status, (string?)s.GetTagItem("error.type")));

        public void Dispose() => _listener.Dispose();
    }
}
