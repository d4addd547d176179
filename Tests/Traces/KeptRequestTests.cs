using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using OsMEN.Tests.ServiceDefaults;

namespace OsMEN.Tests.Traces;

public sealed class KeptRequestTests
{
    [Fact]
    public async Task Failed_request_is_exported_even_when_nothing_is_sampled()
    {
        await using var receiver = await TraceReceiver.StartAsync();
        var (failed, fine) = (ActivityTraceId.CreateRandom().ToHexString(), ActivityTraceId.CreateRandom().ToHexString());
        await using (var service = await TestService.StartAsync(
            map: app =>
            {
                app.MapGet("/boom", IResult () => throw new InvalidOperationException("no"));
                app.MapGet("/fine", () => "fine");
            },
            settings: [.. receiver.Variables, ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0")]))
        {
            await service.GetAsync("/fine", ("traceparent", $"00-{fine}-00f067aa0ba902b7-00"));
            await service.GetAsync("/boom", ("traceparent", $"00-{failed}-00f067aa0ba902b7-00"));
            await service.App.StopAsync(TestContext.Current.CancellationToken);
        }

        Assert.Empty(receiver.Find(fine));
        Assert.Equal([("GET /boom", true, "00f067aa0ba902b7")], receiver.Find(failed).Select(s => (s.Name, s.Failed, s.ParentId)));
    }

    [Fact]
    public async Task Failed_request_is_not_exported_when_traces_are_off()
    {
        await using var receiver = await TraceReceiver.StartAsync();
        var failed = ActivityTraceId.CreateRandom().ToHexString();
        await using (var service = await TestService.StartAsync(
            map: app => app.MapGet("/boom", IResult () => throw new InvalidOperationException("no")),
            settings: [.. receiver.Variables, ("OTEL_TRACES_SAMPLER", "always_off")]))
        {
            await service.GetAsync("/boom", ("traceparent", $"00-{failed}-00f067aa0ba902b7-00"));
            await service.App.StopAsync(TestContext.Current.CancellationToken);
        }

        Assert.Empty(receiver.Find(failed));
    }
}
