using System.Net;
using Microsoft.Playwright;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Gateway.Dashboard;

/// <summary>
/// The gateway's page in a real browser, over a real gateway, worker and Redis. With <c>OSMEN_SCREENSHOTS</c>, a folder, it leaves
/// pictures of every page there.
/// </summary>
[Collection(AloneOnTheMachine.Name)]
public sealed class BrowserTests : IAsyncLifetime
{
    private const string Key = "osm_dashboard_tests_0123456789";
    private const string ViewerKey = "osm_dashboard_viewer_tests_0123456789";

    // Counts thrice a second, for as long as it is let.
    private const string Slow = """
        description: Counts slowly, to be watched and cancelled
        type: process
        command: [python3, -u, ./slow.py]
        limits: {timeout: 1h, max_attempts: 1}
        example: {text: "from the example"}
        """;

    private const string SlowProgram = """
        import itertools, json, sys, time
        text = json.loads(sys.stdin.readline())["input"]["text"]
        for n in itertools.count(1):
            print(json.dumps({"type": "log", "log": f"step {n} {text}", "level": "warning" if n % 5 == 0 else "info"}))
            print(json.dumps({"type": "output", "delta": f"{n} "}))
            time.sleep(0.3)
        """;

    private DashboardSystem? _system;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ServiceProcess Gateway => _system!.Gateway;

    public async ValueTask InitializeAsync() => _system = await DashboardSystem.StartAsync(
        ["agents", "commands", "workflows"],
        new() { ["slow.yaml"] = Slow, ["slow.py"] = SlowProgram },
        new() { ["Alerts__Interval"] = "00:00:01", ["OSMEN_API_KEYS"] = $"{Key}:admin:ana@example.com,{ViewerKey}:viewer:vic@example.com" });

    public ValueTask DisposeAsync() => _system?.DisposeAsync() ?? ValueTask.CompletedTask;

    [Fact]
    public async Task An_agent_is_started_watched_and_cancelled_and_every_page_is_accessible()
    {
        await using var browser = await DashboardBrowser.StartAsync(Gateway.Url);
        var page = browser.Page;
        await page.GotoAsync(new Uri(Gateway.Url, "/dashboard").ToString());
        await browser.InspectAsync("sign-in");
        await DashboardBrowser.SignInAsync(page, Key);
        await See(page.Locator(".tile").First).ToContainTextAsync("healthy");
        await See(page.Locator(".plot canvas")).ToHaveCountAsync(3);
        await See(page.Locator(".note-box")).ToContainTextAsync("Nothing was started yet");

        var finished = await browser.StartAgentAsync("daily_brief");
        await See(page.Locator(".head .state")).ToHaveTextAsync("Completed");
        await See(page.Locator(".output pre")).ToContainTextAsync("fix");
        await See(page.Locator(".log .line").Last).ToContainTextAsync("COMPLETED");
        await See(page.Locator(".call")).ToContainTextAsync("offline/extractive");
        await page.Locator(".call-row").ClickAsync();
        await See(page.Locator(".call-details")).ToContainTextAsync("input");

        var watched = await browser.StartAgentAsync("slow");
        await See(page.Locator(".head .state")).ToHaveTextAsync("Running");
        await See(page.Locator(".log")).ToContainTextAsync("from the example");
        await See(page.Locator(".output pre")).ToContainTextAsync("1 2 3");
        await browser.InspectAsync("execution");
        await browser.PressAsync("Cancel");
        await See(page.Locator(".head .state")).ToHaveTextAsync("Cancelled");
        Assert.NotEqual(finished, watched);

        // Again from the page of the execution itself.
        await browser.PressAsync("Retry");
        await See(page.Locator(".head .state")).ToHaveTextAsync("Running");
        await browser.OpenAsync("agents");
        await See(page.Locator(".table-box tbody tr").Filter(new() { HasText = "slow" })).ToContainTextAsync(", 1");
        await page.GotoAsync(watched);
        await browser.PressAsync("Cancel");
        await See(page.Locator(".head .state")).ToHaveTextAsync("Cancelled");

        await browser.OpenAsync("overview");
        await See(page.Locator(".tile[href='#/executions?hours=24'] .figure")).ToHaveTextAsync("2");
        await browser.InspectAsync("overview");
        await browser.OpenAsync("agents");
        await See(page.Locator(".table-box tbody tr").Filter(new() { HasText = "daily_brief" })).ToContainTextAsync("100 %");
        await browser.OpenAsync("agents/daily_brief");
        await browser.InspectAsync("agent");
        await browser.OpenAsync("executions?status=CANCELLED");
        await See(page.Locator(".table-box tbody tr")).ToHaveCountAsync(1);
        await browser.OpenAsync("executions");
        await See(page.Locator(".table-box tbody tr")).ToHaveCountAsync(2);
        await browser.OpenAsync("queue");
        await See(page.Locator(".table-box tbody tr")).ToHaveCountAsync(1);
        await browser.InspectAsync("queue");
        await browser.OpenAsync("health");
        await See(page.Locator(".table-box tbody").First).ToContainTextAsync("task_queue");
        await See(page.Locator(".table-box tbody")).ToHaveCountAsync(2);
        await browser.InspectAsync("health");
        await browser.OpenAsync("costs?by=model");
        await See(page.Locator(".table-box tbody tr").First).ToContainTextAsync("offline");
        await browser.InspectAsync("costs");
        await browser.OpenAsync("settings");
        await See(page.Locator(".boards li")).ToHaveCountAsync(10);
        await browser.InspectAsync("settings");
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task A_workflow_is_started_watched_and_approved_and_a_command_runs()
    {
        await using var browser = await DashboardBrowser.StartAsync(Gateway.Url);
        var page = browser.Page;
        await browser.SignInAsync(Key);
        await browser.OpenAsync("workflows");
        await See(page.Locator(".table-box tbody tr")).ToHaveCountAsync(3);
        await browser.InspectAsync("workflows");
        await page.GetByRole(AriaRole.Link, new() { Name = "Run triage_then_escalate" }).ClickAsync();
        await See(page.Locator(".pane .step")).ToHaveCountAsync(4);
        await browser.InspectAsync("workflow");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await See(page.Locator(".decision")).ToContainTextAsync("Escalate this to the engineer on call?");
        await See(page.Locator(".step").Nth(0)).ToContainTextAsync("Completed");
        await See(page.Locator(".step").Nth(1)).ToContainTextAsync("Awaits approval");
        await browser.InspectAsync("workflow-waits");
        var waiting = page.Url;

        await browser.OpenAsync("workflows/approvals");
        await See(page.Locator(".decision")).ToHaveCountAsync(1);
        await browser.InspectAsync("approvals");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Comment" }).FillAsync("go ahead");
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await See(page.Locator(".empty")).ToContainTextAsync("Nothing waits");
        await page.GotoAsync(waiting);
        await See(page.Locator(".head .state")).ToHaveTextAsync("Completed");
        await See(page.Locator(".step").Nth(1)).ToContainTextAsync("approved by ana@example.com: go ahead");
        await See(page.Locator(".output pre")).ToContainTextAsync("\"escalated\": \"yes\"");
        await browser.InspectAsync("workflow-done");
        await page.Locator(".step a").First.ClickAsync();
        await See(page.Locator(".facts")).ToContainTextAsync("triage");

        await browser.OpenAsync("workflows/commands/summarise");
        await See(page.Locator(".pane")).ToContainTextAsync("max_words");
        await browser.InspectAsync("command");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await See(page.Locator(".head .state")).ToHaveTextAsync("Completed");
        await browser.OpenAsync("workflows/schedules");
        await See(page.Locator(".empty")).ToContainTextAsync("No schedules");
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task An_alert_is_acknowledged_and_a_silence_made_and_ended()
    {
        using var http = Client(Key);
        using var rule = await http.PutAsync(
            new Uri("/alerts/rules/SomebodyIsHere", UriKind.Relative),
            new StringContent("""{"summary":"{value} users are here","description":"{value} users are here.","metric":"active_users","comparison":">=","threshold":0,"severity":"warning"}""", null, "application/json"), Token);
        Assert.Equal(HttpStatusCode.OK, rule.StatusCode);
        await using var browser = await DashboardBrowser.StartAsync(Gateway.Url);
        var page = browser.Page;
        await browser.SignInAsync(Key);
        await See(page.Locator(".attention")).ToContainTextAsync("users are here");
        await page.GetByRole(AriaRole.Link, new() { Name = "Alerts", Exact = false }).First.ClickAsync();
        await See(page.Locator(".alert")).ToContainTextAsync("users are here");

        // A viewer sees it, and is offered nothing that it may not do.
        var viewer = await browser.OtherAsync(ViewerKey);
        await viewer.GotoAsync($"{Gateway.Url}dashboard#/alerts");
        await See(viewer.Locator(".alert")).ToContainTextAsync("users are here");
        await See(viewer.Locator("main button, .alert-actions")).ToHaveCountAsync(0);
        foreach (var tab in (string[])["silences", "rules", "channels"])
        {
            await viewer.GotoAsync($"{Gateway.Url}dashboard#/alerts/{tab}");
            await See(viewer.Locator(".tabs a[aria-current]")).ToHaveTextAsync(tab, new() { IgnoreCase = true });
            await See(viewer.GetByText("Loading …")).ToHaveCountAsync(0);
            await See(viewer.Locator("main button")).ToHaveCountAsync(0);
        }

        await page.Locator(".alert a").First.ClickAsync();
        await page.GetByLabel("Note for the others").FillAsync("Looking into it");
        await page.Locator(".pane").GetByRole(AriaRole.Button, new() { Name = "Acknowledge" }).ClickAsync();
        await See(page.Locator(".pane")).ToContainTextAsync("Looking into it");
        await See(page.Locator(".alert")).ToContainTextAsync("ana@example.com has it");
        await browser.InspectAsync("alert");

        await page.Locator(".pane").GetByRole(AriaRole.Link, new() { Name = "Silence it" }).ClickAsync();
        await See(page.Locator(".silence-form")).ToContainTextAsync("1 alert of now: SomebodyIsHere");
        await page.GetByLabel("Why").FillAsync("They may be");
        await browser.PressAsync("Silence");
        var silence = page.Locator("tbody tr").Filter(new() { HasText = "They may be" });
        await See(silence).ToContainTextAsync("alertname=SomebodyIsHere");
        await browser.InspectAsync("silences");
        await browser.OpenAsync("alerts");
        await See(page.Locator(".alert.silenced")).ToHaveCountAsync(1);
        await See(page.Locator("nav .badge")).ToHaveCountAsync(0);
        await browser.OpenAsync("alerts/silences");
        await browser.PressAsync("End They may be");
        await browser.PressAsync("Really end They may be");
        await See(page.Locator(".over")).ToContainTextAsync("They may be");

        await browser.OpenAsync("alerts/rules/SomebodyIsHere");
        var row = page.Locator("tbody tr").Filter(new() { HasText = "SomebodyIsHere" });
        await See(row).ToContainTextAsync("Fires");
        await browser.PressAsync("Switch off SomebodyIsHere");
        await browser.PressAsync("Really switch off SomebodyIsHere");
        await See(row).ToContainTextAsync("Off");
        await See(page.Locator(".pane")).ToContainTextAsync("It is not evaluated here.");
        await browser.InspectAsync("rule-off");
        await browser.PressAsync("Switch on");
        await See(row).Not.ToContainTextAsync("Off");
        await browser.OpenAsync("alerts/silences");

        // Windows that come again.
        await browser.PressAsync("New silence");
        await page.GetByLabel("Value of alertname").FillAsync("Some*");
        await page.Locator("#silence-life").SelectOptionAsync("recurring");
        await page.Locator("#silence-cron").FillAsync("0 2 29 2 *");
        await page.Locator("#silence-lasting").FillAsync("2h");
        await page.Locator("#silence-zone").FillAsync("Europe/Berlin");
        await page.GetByLabel("Why").FillAsync("Leap days");
        await browser.InspectAsync("silence-again");
        await browser.PressAsync("Silence");
        await See(page.Locator("tbody tr").Filter(new() { HasText = "Leap days" })).ToContainTextAsync("again at 0 2 29 2 * Europe/Berlin");
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task A_page_whoseGateway_was_gone_says_so_and_goes_on_by_itself()
    {
        await using var browser = await DashboardBrowser.StartAsync(Gateway.Url);
        var page = browser.Page;
        await browser.SignInAsync(Key);
        await browser.StartAgentAsync("slow");
        await See(page.Locator(".log")).ToContainTextAsync("step 2 from the example");
        await Gateway.KillAsync();
        await See(page.Locator(".lost")).ToContainTextAsync("reconnecting");
        await See(page.Locator(".head")).ToContainTextAsync("The live log is interrupted; reconnecting");
        await Gateway.StartAsync();
        await See(page.Locator(".lost")).ToHaveCountAsync(0);
        await See(page.Locator(".head")).Not.ToContainTextAsync("interrupted");

        // The log goes on where it was: none twice, none missing.
        var before = await page.Locator(".log h2").TextContentAsync();
        await See(page.Locator(".log h2")).Not.ToHaveTextAsync(before!);
        var lines = await page.Locator(".log .line .text").AllTextContentsAsync();
        var steps = lines.Where(l => l.StartsWith("step ", StringComparison.Ordinal)).Select(l => int.Parse(l.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(Enumerable.Range(steps[0], steps.Length), steps);
        await browser.OpenAsync("overview");
        await See(page.Locator(".tile")).ToHaveCountAsync(10);
    }

    private static ILocatorAssertions See(ILocator what) => DashboardBrowser.See(what);

    private async Task<HttpStatusCode> UseAsync(string key)
    {
        using var http = Client(key);
        using var answer = await http.GetAsync(new Uri("/api/v1/agents", UriKind.Relative), Token);
        return answer.StatusCode;
    }

    private HttpClient Client(string key)
    {
        var http = new HttpClient { BaseAddress = Gateway.Url };
        http.DefaultRequestHeaders.Authorization = new("Bearer", key);
        return http;
    }
}
