using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.WholeSystem;

/// <summary>The application as AppHost describes it, every part of it running, by whichever host it is built for.</summary>
public sealed class WholeSystemTests
{
    private const string Key = "osm_whole_system_tests_0123456789";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_agent_answers_through_gateway_and_worker()
    {
        // Aspire's own host has containers only.
        if (typeof(DistributedApplication).Namespace == "Aspire.Hosting")
            Programs.Need("A container runtime", "docker", "podman");
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
        using var response = await http.PostAsJsonAsync("/api/v1/agents/daily_brief/executions?wait=90s", new { input = new { text = "09:00 design review. The fix must merge before noon." } }, Token);
        var execution = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
        Assert.Equal("COMPLETED", execution.GetProperty("status").GetString());
        Assert.Contains("fix", execution.GetProperty("output").GetRawText(), StringComparison.Ordinal);
        Assert.NotNull(await app.GetConnectionStringAsync("osmen", Token));
        await foreach (var lines in app.Services.GetRequiredService<ResourceLoggerService>().WatchAsync("agentworker").WithCancellation(Token))
        {
            if (lines.Any(l => l.Content.Contains("agents", StringComparison.Ordinal)))
                break;
        }
    }
}
