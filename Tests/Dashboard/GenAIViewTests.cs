using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.Llm;

namespace OsMEN.Tests.Dashboard;

/// <summary>The whole system as a developer sees it in Aspire's dashboard, after running an agent with a tool.</summary>
[Collection(AloneOnTheMachine.Name)]
public sealed partial class GenAIViewTests : IAsyncLifetime
{
    private const string Key = "osm_aspire_dashboard_tests_0123456789";
    private const string ProviderKey = "sk-aspire-dashboard-tests-0123456789";
    private const string Question = "09:00 design review. Sign in with password=hunter2; then write the brief.";
    private const string Answer = "The design review at 09:00 must not be missed.";

    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("osmen-aspire-dashboard-");
    private ScriptedModelServer? _model;
    private IDistributedApplicationTestingBuilder? _builder;
    private DistributedApplication? _app;
    private AspireDashboard? _dashboard;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var chromium = Programs.Need("Chromium", "chromium", "google-chrome");
        _model = await ScriptedModelServer.StartAsync();
        _model.Then(ModelScripts.CallTheClock(), ModelScripts.Says(Answer));
        var builder = _builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(
            new DistributedApplicationTestingBuilderOptions { EnableDashboard = true },
            ["--backing", "embedded", "--data", _data.FullName],
            Token);
        foreach (var project in builder.Resources.OfType<ProjectResource>())
        {
            builder.CreateResourceBuilder(project)
                .WithEnvironment("OSMEN_API_KEYS", Key)
                .WithEnvironment("OPENAI_BASE_URL", new Uri(_model.Address, "/v1").ToString())
                .WithEnvironment("OPENAI_API_KEY", ProviderKey)
                .WithEnvironment("OSMEN_DEFAULT_MODEL", ModelScripts.OpenAI);
        }

        _app = await builder.BuildAsync(Token);
        await _app.StartAsync(Token);
        await _app.ResourceNotifications.WaitForResourceHealthyAsync("gateway", Token);
        await _app.ResourceNotifications.WaitForResourceHealthyAsync("agentworker", Token);
        _dashboard = await AspireDashboard.OpenAsync(chromium, await _app.GetDashboardUrlAsync(Token));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in (IAsyncDisposable?[])[_dashboard, _app, _builder, _model])
        {
            if (part is not null)
                await part.DisposeAsync();
        }

        _data.Delete(recursive: true);
    }

    [Fact]
    public async Task The_dashboard_shows_healthy_resources_and_everything_that_an_agent_and_its_model_said()
    {
        var dashboard = _dashboard!;
        foreach (var resource in (string[])["gateway", "agentworker"])
            await See(dashboard.Row(resource).First.GetByRole(AriaRole.Gridcell).Nth(1)).ToHaveTextAsync("Running");
        await dashboard.PictureAsync("resources");

        var trace = await RunAgentAsync();
        // It ends after all spans below it.
        await dashboard.OpenTraceAsync(trace, "invoke_agent daily_brief");
        await See(dashboard.Row("POST /api/v1/agents/{id}/executions")).ToContainTextAsync("gateway");
        await See(dashboard.Row("chat gpt-5-mini")).ToHaveCountAsync(2);
        await dashboard.PictureAsync("trace");

        await SeeTheAgentAsync(dashboard);
        await SeeTheLastCallAsync(dashboard);
        await SeeTheToolAsync(dashboard);
    }

    private static async Task SeeTheAgentAsync(AspireDashboard dashboard)
    {
        await dashboard.OpenGenAIAsync(dashboard.Row("invoke_agent daily_brief"));
        var view = dashboard.GenAIView;
        await SeeTextAsync(view, "You write a morning brief for a busy person");
        await SeeTextAsync(view, "09:00 design review. Sign in with password=***; then write the brief.");
        await SeeTextAsync(view, Answer);
        await SeeTextAsync(view, "Tokens 240");
        await dashboard.PictureAsync("genai-agent");
        await dashboard.CloseGenAIAsync();
    }

    private static async Task SeeTheLastCallAsync(AspireDashboard dashboard)
    {
        await dashboard.OpenGenAIAsync(dashboard.Row("chat gpt-5-mini").Last);
        var view = dashboard.GenAIView;
        await SeeTextAsync(view, "You write a morning brief for a busy person");
        await SeeTextAsync(view, "09:00 design review. Sign in with password=***; then write the brief.");
        await SeeTextAsync(view, """current_time({ "timeZone": "UTC" })""");
        await SeeTextAsync(view, "Tool response");
        await See(view).ToContainTextAsync(ToolResult(), new() { UseInnerText = true });
        await SeeTextAsync(view, Answer);
        await See(view.GetByText("Tokens 120")).ToHaveAttributeAsync("title", "Input tokens: 100\nOutput tokens: 20");
        await dashboard.PictureAsync("genai-call");

        await dashboard.SelectTabAsync("Tools");
        await view.Locator("fluent-accordion-item").Filter(new() { HasText = "current_time" }).GetByRole(AriaRole.Button).ClickAsync();
        await SeeTextAsync(view, "The current date, time and weekday in a time zone.");
        await SeeTextAsync(
            view.GetByRole(AriaRole.Row).Filter(new() { HasText = "timeZone" }),
            "An IANA time zone such as Europe/Berlin; UTC when left out.");
        await dashboard.PictureAsync("genai-tools");

        await dashboard.SelectTabAsync("Details");
        foreach (var (name, value) in ((string, string)[])
            [
                ("gen_ai.request.model", "gpt-5-mini"),
                ("gen_ai.response.model", "gpt-5-mini-2025-08-07"),
                ("gen_ai.usage.input_tokens", "100"),
                ("gen_ai.usage.output_tokens", "20"),
            ])
            await See(view.GetByRole(AriaRole.Row).Filter(new() { HasText = name })).ToContainTextAsync(value);
        await dashboard.PictureAsync("genai-details");
        await dashboard.CloseGenAIAsync();
    }

    private static async Task SeeTheToolAsync(AspireDashboard dashboard)
    {
        await dashboard.Row("execute_tool current_time").ClickAsync();
        await See(dashboard.Row("gen_ai.tool.call.arguments")).ToContainTextAsync("""{"timeZone":"UTC"}""");
        await See(dashboard.Row("gen_ai.tool.call.result")).ToContainTextAsync(ToolResult());
        await dashboard.PictureAsync("tool");
    }

    // Visible text only, with each run of white space as one space.
    private static Task SeeTextAsync(ILocator what, string text) => See(what).ToContainTextAsync(text, new() { UseInnerText = true });

    private static ILocatorAssertions See(ILocator what) => Assertions.Expect(what);

    private async Task<string> RunAgentAsync()
    {
        using var http = _app!.CreateHttpClient("gateway");
        http.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        using var response = await http.PostAsJsonAsync(
            "/api/v1/agents/daily_brief/executions?wait=90s", new { input = new { text = Question } }, Token);
        var execution = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
        Assert.Equal("COMPLETED", execution.GetProperty("status").GetString());
        return execution.GetProperty("trace_id").GetString()!;
    }

    [GeneratedRegex("""[A-Z][a-z]+day \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+00:00""")]
    private static partial Regex ToolResult();
}
