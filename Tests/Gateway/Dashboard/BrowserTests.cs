using System.Globalization;
using Microsoft.Playwright;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Gateway.Dashboard;

/// <summary>
/// The gateway's page in a real browser, over a real gateway, worker and Redis. With <c>OSMEN_SCREENSHOTS</c>, a folder, it leaves
/// pictures of every page there.
/// </summary>
[Collection(AloneOnTheMachine.Name)]
public sealed class BrowserTests : IAsyncLifetime
{
    private const string Chromium = "/usr/bin/chromium";
    private const string Key = "osm_dashboard_tests_0123456789";

    // Counts twice a second, for as long as it is let.
    private const string Slow = """
        description: Counts slowly, to be watched and cancelled
        type: process
        command: [python3, -u, ./slow.py]
        limits: {timeout: 2m, max_attempts: 1}
        example: {text: "from the example"}
        """;

    private const string SlowProgram = """
        import json, sys, time
        text = json.loads(sys.stdin.readline())["input"]["text"]
        for n in range(1, 200):
            print(json.dumps({"type": "log", "log": f"step {n} {text}", "level": "warning" if n % 5 == 0 else "info"}))
            print(json.dumps({"type": "output", "delta": f"{n} "}))
            time.sleep(0.3)
        """;

    // Serious and critical ones, with the elements that they are about.
    private const string Axe = """
        async () => (await axe.run(document, { resultTypes: ['violations'] })).violations.filter(v => v.impact === 'serious' || v.impact === 'critical')
          .map(v => `${v.id}: ${v.nodes.slice(0, 5).map(n => `${n.target} ${n.any.map(a => a.message)}`).join(' | ')}`)
        """;

    private readonly string _catalog = Path.Combine(Path.GetTempPath(), "osmen-dashboard-" + Guid.CreateVersion7().ToString("N"));
    private readonly RedisServer _redis = new();
    private readonly List<string> _complaints = [];
    private TestStore? _store;
    private ServiceProcess? _gateway;
    private ServiceProcess? _worker;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(File.Exists(Chromium), $"{Chromium} is not installed.");
        Programs.Need("Python", "python3");
        await _redis.StartAsync();
        _store = await TestStore.SqliteAsync();
        Directory.CreateDirectory(Path.Combine(_catalog, "agents"));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "catalog", "agents")))
            File.Copy(file, Path.Combine(_catalog, "agents", Path.GetFileName(file)));
        await File.WriteAllTextAsync(Path.Combine(_catalog, "agents", "slow.yaml"), Slow, Token);
        await File.WriteAllTextAsync(Path.Combine(_catalog, "agents", "slow.py"), SlowProgram, Token);
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ConnectionStrings__osmen"] = _store.ConnectionString,
            ["ConnectionStrings__redis"] = _redis.ConnectionString,
            ["CATALOG_PATH"] = _catalog,
            ["DASHBOARD_REFRESH"] = "1s",
            ["OSMEN_API_KEYS"] = $"{Key}:admin:ana@example.com",
        };
        _gateway = await ServiceProcess.StartAsync(["OsMEN.Gateway.dll"], environment);
        _worker = await ServiceProcess.StartAsync(["OsMEN.AgentWorker.dll"], environment);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in (IAsyncDisposable?[])[_worker, _gateway, _store, _redis])
        {
            if (part is not null)
                await part.DisposeAsync();
        }

        if (Directory.Exists(_catalog))
            Directory.Delete(_catalog, recursive: true);
    }

    [Fact]
    public async Task An_agent_is_started_watched_and_cancelled_and_every_page_is_accessible()
    {
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Chromium,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        await using var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = 1280, Height = 800 } });
        context.SetDefaultTimeout(15_000);
        var page = await context.NewPageAsync();
        Listen(page);

        await page.GotoAsync(new Uri(_gateway!.Url, "/dashboard").ToString());
        await InspectAsync(page, "sign-in");
        await SignInAsync(page, Key);
        await See(page.Locator(".tile").First).ToContainTextAsync("healthy");
        await See(page.Locator(".plot canvas")).ToHaveCountAsync(3);

        var finished = await StartAsync(page, "daily_brief");
        await See(page.Locator(".head .state")).ToHaveTextAsync("Completed");
        await See(page.Locator(".output pre")).ToContainTextAsync("fix");
        await See(page.Locator(".log .line").Last).ToContainTextAsync("COMPLETED");

        var watched = await StartAsync(page, "slow");
        await See(page.Locator(".head .state")).ToHaveTextAsync("Running");
        await See(page.Locator(".log")).ToContainTextAsync("step 3 from the example");
        await See(page.Locator(".output pre")).ToContainTextAsync("1 2 3");
        await InspectAsync(page, "execution");
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await See(page.Locator(".head .state")).ToHaveTextAsync("Cancelled");
        Assert.NotEqual(finished, watched);

        await OpenAsync(page, "overview");
        await See(page.Locator(".tile").Nth(6)).ToContainTextAsync("2");
        await InspectAsync(page, "overview");
        await OpenAsync(page, "agents");
        await See(page.Locator(".table-box tbody tr").Filter(new() { HasText = "daily_brief" })).ToContainTextAsync("100 %");
        await InspectAsync(page, "agents");
        await OpenAsync(page, "agents/daily_brief");
        await InspectAsync(page, "agent");
        await OpenAsync(page, "executions?status=CANCELLED");
        await See(page.Locator(".table-box tbody tr")).ToHaveCountAsync(1);
        await OpenAsync(page, "executions");
        await See(page.Locator(".table-box tbody tr")).ToHaveCountAsync(2);
        await InspectAsync(page, "executions");
        await OpenAsync(page, "queue");
        await See(page.Locator(".table-box tbody tr")).ToHaveCountAsync(1);
        await InspectAsync(page, "queue");
        await OpenAsync(page, "health");
        await See(page.Locator(".table-box tbody").First).ToContainTextAsync("task_queue");
        await See(page.Locator(".table-box tbody")).ToHaveCountAsync(2);
        await InspectAsync(page, "health");
        await OpenAsync(page, "costs?by=model");
        await See(page.Locator(".table-box tbody tr").First).ToContainTextAsync("offline");
        await InspectAsync(page, "costs");
        await OpenAsync(page, "settings");
        await See(page.Locator(".boards li")).ToHaveCountAsync(10);
        await InspectAsync(page, "settings");

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await See(page.GetByLabel("Your key")).ToBeVisibleAsync();
        Assert.Empty(_complaints);
    }

    [Fact]
    public async Task A_page_whose_gateway_was_gone_says_so_and_goes_on_by_itself()
    {
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = Chromium, Args = ["--no-sandbox", "--disable-gpu"] });
        var page = await browser.NewPageAsync();
        await page.GotoAsync(new Uri(_gateway!.Url, "/dashboard").ToString());
        await SignInAsync(page, Key);
        await _gateway.KillAsync();
        await See(page.Locator(".lost")).ToContainTextAsync("connecting again");
        await _gateway.StartAsync();
        await See(page.Locator(".lost")).ToHaveCountAsync(0);
        await See(page.Locator(".tile")).ToHaveCountAsync(8);
    }

    private static ILocatorAssertions See(ILocator what)
    {
        Assertions.SetDefaultExpectTimeout(20_000);
        return Assertions.Expect(what);
    }

    private static async Task SignInAsync(IPage page, string key)
    {
        await page.GetByLabel("Your key").FillAsync(key);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await See(page.GetByRole(AriaRole.Heading, new() { Name = "Overview" })).ToBeVisibleAsync();
    }

    private static async Task<string> StartAsync(IPage page, string agent)
    {
        await page.GetByRole(AriaRole.Link, new() { Name = "Agents", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = $"Run {agent}" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await See(page.Locator(".head h1")).ToHaveTextAsync(agent);
        return page.Url;
    }

    private async Task OpenAsync(IPage page, string path) => await page.GotoAsync($"{_gateway!.Url}dashboard#/{path}");

    private void Listen(IPage page)
    {
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                _complaints.Add(message.Text);
        };
        page.PageError += (_, error) => _complaints.Add(error);
    }

    /// <summary>In light, dark and at phone width: no serious violation, nothing wider than the screen; pictures if wanted.</summary>
    private static async Task InspectAsync(IPage page, string name)
    {
        using var script = new StreamReader(typeof(BrowserTests).Assembly.GetManifestResourceStream("axe.min.js")!);
        await page.EvaluateAsync(await script.ReadToEndAsync(Token));
        var found = new List<string>();
        foreach (var (look, width, scheme) in ((string, int, ColorScheme)[])[("light", 1280, ColorScheme.Light), ("dark", 1280, ColorScheme.Dark), ("phone", 390, ColorScheme.Dark)])
        {
            await page.SetViewportSizeAsync(width, 800);
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            if (Environment.GetEnvironmentVariable("OSMEN_SCREENSHOTS") is { Length: > 0 } folder)
                await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"gateway-{name}-{look}.png") });
            found.AddRange((await page.EvaluateAsync<string[]>(Axe)).Select(v => $"{look}: {v}"));
            var wide = await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - innerWidth");
            if (wide > 0)
                found.Add(string.Create(CultureInfo.InvariantCulture, $"{look}: {wide} pixels too wide"));
        }

        await page.SetViewportSizeAsync(1280, 800);
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        Assert.True(found.Count == 0, $"{name}: {string.Join("\n", found)}");
    }
}
