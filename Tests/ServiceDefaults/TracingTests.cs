using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace OsMEN.Tests.ServiceDefaults;

public sealed class TracingTests
{
    [Fact]
    public async Task A_server_span_has_its_route_and_status_and_probes_have_none()
    {
        var spans = new List<Activity>();
        var traceId = ActivityTraceId.CreateRandom();
        using var listener = new ActivityListener
        {
            ShouldListenTo = s => s.Name == "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.None,
            ActivityStopped = a =>
            {
                if (a.TraceId == traceId) lock (spans) spans.Add(a);
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using var service = await TestService.StartAsync(
            map: app =>
            {
                app.MapGet("/items/{id}", (string id) => id);
                app.MapGet("/boom", IResult () => throw new InvalidOperationException("no"));
            },
            settings: ("OTEL_TRACES_SAMPLER", "always_on"));
        var parent = ("traceparent", $"00-{traceId.ToHexString()}-{ActivitySpanId.CreateRandom().ToHexString()}-01");
        foreach (var path in (string[])["/items/1", "/boom", "/nowhere", "/alive", "/health/ready", "/metrics"]) await service.GetAsync(path, parent);

        await service.App.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(
            [
                ("GET /items/{id}", "/items/{id}", 200, ActivityStatusCode.Unset, null),
                ("GET /boom", "/boom", 500, ActivityStatusCode.Error, "System.InvalidOperationException"),
                ("GET", null, 404, ActivityStatusCode.Unset, null),
            ],
            spans.Where(s => s.IsAllDataRequested).Select(s => (s.DisplayName, (string?)s.GetTagItem("http.route"), (int?)s.GetTagItem("http.response.status_code") ?? 0, s.Status, (string?)s.GetTagItem("error.type"))));
    }

    [Fact]
    public async Task A_request_id_that_is_given_is_used_and_a_hostile_one_is_not()
    {
        await using var service = await TestService.StartAsync(map: app => app.MapGet("/id", (HttpContext c) => c.TraceIdentifier));
        Assert.Equal("req-1.a_B", (await service.GetAsync("/id", ("X-Request-Id", "req-1.a_B"))).Body);
        Assert.DoesNotContain("\"", (await service.GetAsync("/id", ("X-Request-Id", "a\"b"))).Body, StringComparison.Ordinal);
        Assert.InRange((await service.GetAsync("/id", ("X-Request-Id", new('a', 65)))).Body.Length, 1, 64);
    }
}
