using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace OsMEN.Tests.ServiceDefaults;

public sealed class AccessTests
{
    private const string Token = "scrape-token-0123456789";
    private static readonly IPAddress Elsewhere = IPAddress.Parse("203.0.113.7");

    [Theory]
    [InlineData("/metrics")]
    [InlineData("/health")]
    [InlineData("/health/components/memory")]
    public async Task A_caller_on_the_same_host_sees_diagnostics_and_one_elsewhere_needs_the_token(string path)
    {
        await using var near = await TestService.StartAsync(settings: ("METRICS_SCRAPE_TOKEN", Token));
        Assert.Equal(HttpStatusCode.OK, (await near.GetAsync(path)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await near.GetAsync(path, ("X-Forwarded-For", "203.0.113.7"))).Status);

        // Where ASP.NET Core believes that header, the address is what somebody said.
        Assert.Equal(HttpStatusCode.Unauthorized, (await near.GetAsync(path, ("X-Original-For", "203.0.113.7:1"))).Status);

        // A page whose name was made to resolve to this host.
        Assert.Equal(HttpStatusCode.Unauthorized, (await near.GetAsync(path, ("Host", "rebound.example"))).Status);
        foreach (var name in (string[])["localhost:1", "127.0.0.1", "[::1]:80", Environment.MachineName])
            Assert.Equal((name, HttpStatusCode.OK), (name, (await near.GetAsync(path, ("Host", name))).Status));

        await using var far = await TestService.StartAsync(remote: Elsewhere, settings: ("METRICS_SCRAPE_TOKEN", Token));
        Assert.Equal(HttpStatusCode.Unauthorized, (await far.GetAsync(path)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await far.GetAsync(path, ("Authorization", "Bearer scrape-token-0123456780"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await far.GetAsync(path, ("Authorization", $"Bearer {Token}"))).Status);
    }

    [Theory]
    [InlineData("/alive")]
    [InlineData("/health/live")]
    [InlineData("/ready")]
    [InlineData("/health/ready")]
    public async Task Liveness_and_readiness_are_open_to_everybody(string path)
    {
        await using var far = await TestService.StartAsync(remote: Elsewhere);
        Assert.Equal(HttpStatusCode.OK, (await far.GetAsync(path)).Status);
    }

    [Fact]
    public async Task Where_callers_have_keys_health_details_need_one_and_metrics_on_the_same_host_do_not()
    {
        await using var service = await TestService.StartAsync(b => b.Services.AddAuthentication("key").AddScheme<AuthenticationSchemeOptions, OneKey>("key", null));
        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/metrics")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await service.GetAsync("/health")).Status);
        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/health", ("X-Api-Key", "right"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/ready")).Status);
    }

    [Fact]
    public async Task Without_a_token_nobody_elsewhere_gets_in_with_an_empty_one()
    {
        await using var far = await TestService.StartAsync(remote: Elsewhere);
        Assert.Equal(HttpStatusCode.Unauthorized, (await far.GetAsync("/metrics", ("Authorization", "Bearer "))).Status);
    }

    private sealed class OneKey(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(
            Request.Headers["X-Api-Key"] == "right"
                ? AuthenticateResult.Success(new(new(new ClaimsIdentity([new(ClaimTypes.Name, "ada")], "key")), "key"))
                : AuthenticateResult.NoResult());
    }
}
