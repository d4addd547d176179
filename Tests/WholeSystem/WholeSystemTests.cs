using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;

namespace OsMEN.Tests.WholeSystem;

/// <summary>The application as AppHost describes it, every part of it running.</summary>
public sealed class WholeSystemTests
{
    private const string Key = "osm_whole_system_tests_0123456789";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_agent_answers_through_gateway_and_worker()
    {
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(["--backing", "embedded"], Token);
        foreach (var project in builder.Resources.OfType<ProjectResource>())
            builder.CreateResourceBuilder(project).WithEnvironment("OSMEN_API_KEYS", Key);
        await using var app = await builder.BuildAsync(Token);
        await app.StartAsync(Token);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("gateway", Token);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("agentworker", Token);

        using var http = app.CreateHttpClient("gateway");
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/info", Token)).StatusCode);
        http.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        using var response = await http.PostAsJsonAsync("/api/v1/agents/daily_brief/executions?wait=30s", new { input = new { text = "09:00 design review. The fix must merge before noon." } }, Token);
        var execution = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
        Assert.Equal("COMPLETED", execution.GetProperty("status").GetString());
        Assert.Contains("fix", execution.GetProperty("output").GetRawText(), StringComparison.Ordinal);
        Assert.NotNull(await app.GetConnectionStringAsync("osmen", Token));
        await foreach (var lines in app.Services.GetRequiredService<ResourceLoggerService>().WatchAsync("agentworker", Token))
        {
            if (lines.Any(l => l.Content.Contains("agents", StringComparison.Ordinal)))
                break;
        }
    }

    [Fact]
    public async Task Two_run_beside_each_other_and_leave_nothing()
    {
        Uri[] addresses;
        await using (var first = await StartAsync())
        await using (var second = await StartAsync())
        {
            addresses = [first.GetEndpoint("gateway"), second.GetEndpoint("gateway")];
            Assert.NotEqual(addresses[0], addresses[1]);
            await first.ResourceNotifications.WaitForResourceHealthyAsync("gateway", Token);
            await second.ResourceNotifications.WaitForResourceHealthyAsync("gateway", Token);
            Assert.NotEqual(await first.GetConnectionStringAsync("osmen", Token), await second.GetConnectionStringAsync("osmen", Token));
        }

        using var http = new HttpClient();
        foreach (var address in addresses)
            await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(address, Token));
    }

    [Fact]
    public async Task A_resource_that_cannot_start_says_why()
    {
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(["--backing", "embedded"], Token);
        var gateway = builder.Resources.OfType<ProjectResource>().Single(p => p.Name == "gateway");
        builder.CreateResourceBuilder(gateway).WithEnvironment("LOG_LEVEL", "LOUD");
        await using var app = await builder.BuildAsync(Token);
        await app.StartAsync(Token);
        var failure = await Assert.ThrowsAsync<DistributedApplicationException>(() => app.ResourceNotifications.WaitForResourceHealthyAsync("gateway", Token));
        Assert.StartsWith("gateway failed to start: ended with exit code 1", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_line_that_is_wrong_is_refused()
    {
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(["--backing", "cloud"], Token);
        await using var app = await builder.BuildAsync(Token);
        var refusal = await Assert.ThrowsAsync<DistributedApplicationException>(() => app.StartAsync(Token));
        Assert.Contains("\"cloud\"", refusal.Message, StringComparison.Ordinal);
    }

    private static async Task<DistributedApplication> StartAsync()
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(["--backing", "embedded"], Token);
        var app = await builder.BuildAsync(Token);
        await app.StartAsync(Token);
        return app;
    }
}
