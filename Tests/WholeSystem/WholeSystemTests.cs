using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace OsMEN.Tests.WholeSystem;

/// <summary>The application as AppHost describes it, in Aspire's test host: random ports, a data folder for each.</summary>
public sealed class WholeSystemTests
{
    private const string Key = "osm_whole_system_tests_0123456789";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_systems_run_side_by_side_and_each_runs_an_agent()
    {
        var executions = await Task.WhenAll(RunAsync(), RunAsync());
        Assert.Equal(["COMPLETED", "COMPLETED"], executions.Select(e => e.GetProperty("status").GetString()));
        Assert.NotEqual(executions[0].GetProperty("worker").GetString(), executions[1].GetProperty("worker").GetString());
    }

    private static async Task<JsonElement> RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("osmen-whole-").FullName;
        try
        {
            await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(["--backing", "embedded", "--data", folder], Token);
            foreach (var project in builder.Resources.OfType<ProjectResource>())
                builder.CreateResourceBuilder(project).WithEnvironment("OSMEN_API_KEYS", Key);
            await using var app = await builder.BuildAsync(Token);
            await app.StartAsync(Token);
            await app.ResourceNotifications.WaitForResourceHealthyAsync("gateway", Token);
            await app.ResourceNotifications.WaitForResourceHealthyAsync("agentworker", Token);

            using var http = app.CreateHttpClient("gateway", "http");
            Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(new Uri("/info", UriKind.Relative), Token)).StatusCode);
            http.DefaultRequestHeaders.Authorization = new("Bearer", Key);
            using var response = await http.PostAsJsonAsync("/api/v1/agents/daily_brief/executions?wait=90s", new { input = new { text = "09:00 design review. The fix must merge before noon." } }, Token);
            var execution = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
            Assert.Contains("fix", execution.GetProperty("output").GetRawText(), StringComparison.Ordinal);
            Assert.Equal($"Data Source={Path.Combine(folder, "embedded", "osmen.db")}", await app.GetConnectionStringAsync("osmen", Token));
            await app.StopAsync(Token);
            return execution;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
