using System.Collections.Concurrent;
using System.Net;
using Microsoft.Playwright;
using OsMEN.Gateway.Security;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Gateway.Dashboard;

/// <summary>The page that shows the OpenAPI document.</summary>
[Collection(AloneOnTheMachine.Name)]
public sealed class ApiPageTests(GatewayServer gateway) : IClassFixture<GatewayServer>
{
    [Fact]
    public async Task The_page_shows_the_operations_and_loads_nothing_from_elsewhere()
    {
        Assert.SkipUnless(File.Exists(DashboardBrowser.Program), $"{DashboardBrowser.Program} is not installed.");
        await using var browser = await DashboardBrowser.StartAsync(gateway.Address);
        await browser.SignInAsync(GatewayServer.KeyOf(Role.Viewer));
        var page = browser.Page;
        var requests = new ConcurrentQueue<string>();
        page.Request += (_, request) => requests.Enqueue(request.Url);
        await page.GotoAsync(new Uri(gateway.Address, "/scalar").ToString());
        await DashboardBrowser.See(page.GetByRole(AriaRole.Heading, new() { Name = "OsMEN", Exact = true })).ToBeVisibleAsync();
        await DashboardBrowser.See(page.GetByText("/api/v1/agents/{id}/executions").First).ToBeVisibleAsync();
        await browser.PictureAsync("api-page");
        Assert.Empty(browser.Complaints);
        Assert.Contains($"{gateway.Address}api/v1/openapi.json", requests);
        Assert.All(requests, r => Assert.True(r.StartsWith(gateway.Address.ToString(), StringComparison.Ordinal) || r.StartsWith("data:", StringComparison.Ordinal), r));
    }

    [Fact]
    public async Task The_page_may_run_its_own_scripts_only()
    {
        using var client = gateway.Client();
        using var first = await client.GetAsync(new Uri("/scalar/", UriKind.Relative), TestContext.Current.CancellationToken);
        using var second = await client.GetAsync(new Uri("/scalar/", UriKind.Relative), TestContext.Current.CancellationToken);
        var policy = Assert.Single(first.Headers.GetValues("Content-Security-Policy"));
        Assert.Matches("^default-src 'self'; script-src 'self' 'nonce-[0-9a-f]{32}'; ", policy);
        Assert.NotEqual(policy, Assert.Single(second.Headers.GetValues("Content-Security-Policy")));
    }

    [Fact]
    public async Task In_production_there_is_no_such_page()
    {
        await using var production = new GatewayServer(new(StringComparer.Ordinal) { ["environment"] = "Production" });
        await production.InitializeAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await production.SendAsync(HttpMethod.Get, "/scalar/")).Status);
        Assert.Equal(HttpStatusCode.OK, (await production.SendAsync(HttpMethod.Get, "/api/v1/openapi.json")).Status);
    }
}
