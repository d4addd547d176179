using System.Text.RegularExpressions;
using Microsoft.Playwright;
using OsMEN.Gateway.Security;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Gateway.Dashboard;

/// <summary>What the pages do when answers come late, keys are pressed twice, addresses lead nowhere, or only a keyboard is there.</summary>
[Collection(AloneOnTheMachine.Name)]
public sealed partial class PageBehaviourTests(GatewayServer gateway) : IClassFixture<GatewayServer>
{
    [Fact]
    public async Task What_is_pressed_twice_is_sent_once()
    {
        await using var browser = await StartAsync();
        var (page, sent) = (browser.Page, 0);
        var mayGo = new TaskCompletionSource();
        await page.RouteAsync("**/api/v1/keys", async route =>
        {
            if (route.Request.Method == "POST")
            {
                sent++;
                await mayGo.Task;
            }

            await route.ContinueAsync();
        });
        await browser.OpenAsync("keys");
        await page.Locator("#key-name").FillAsync("twice");
        await page.EvaluateAsync("() => { const form = document.querySelector('#key-name').form; form.requestSubmit(); form.requestSubmit(); }");
        await page.Locator("#key-name").PressAsync("Enter");
        mayGo.SetResult();
        await See(page.Locator(".secret")).ToBeVisibleAsync();
        Assert.Equal(1, sent);

        // The second of a double click doesn't confirm what the first asks.
        var (_, key, _) = await gateway.SendAsync(HttpMethod.Post, "/api/v1/keys", """{"name":"kept","role":"viewer"}""");
        await browser.OpenAsync($"keys/{key.GetProperty("id").GetString()}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke kept" }).DblClickAsync();
        await See(page.GetByRole(AriaRole.Button, new() { Name = "Really revoke kept" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task An_answer_from_before_a_change_does_not_hide_the_change()
    {
        await gateway.SendAsync(HttpMethod.Post, "/alerts/silences", """{"matchers":{"alertname":"Late"},"comment":"Late answer","duration":"2h"}""");
        await using var browser = await StartAsync();
        var page = browser.Page;
        await browser.OpenAsync("alerts/silences");
        await See(page.Locator("tbody tr:not(.over)")).ToHaveCountAsync(1);

        // The next look is answered, but its answer is held up on the way.
        var (held, mayGo, arrived) = (new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource());
        var looks = 0;
        await page.RouteAsync("**/alerts/silences", async route =>
        {
            if (route.Request.Method != "GET" || Interlocked.Increment(ref looks) > 1)
            {
                await route.ContinueAsync();
                return;
            }

            var answer = await route.FetchAsync();
            held.SetResult();
            await mayGo.Task;
            try
            {
                await route.FulfillAsync(new() { Response = answer });
            }
            catch (PlaywrightException)
            {
                // The page has dropped the request.
            }

            arrived.SetResult();
        });
        await held.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        await browser.PressAsync("End Late answer");
        await browser.PressAsync("Really end Late answer");
        await See(page.Locator("tbody tr.over")).ToHaveCountAsync(1);
        await page.EvaluateAsync("() => { window.seen = []; new MutationObserver(() => window.seen.push(document.querySelectorAll('tbody tr.over').length)).observe(document.querySelector('main'), { childList: true, subtree: true }); }");
        mayGo.SetResult();
        await arrived.Task;
        await page.WaitForResponseAsync("**/alerts/silences");
        Assert.DoesNotContain(0, await page.EvaluateAsync<int[]>("() => window.seen"));
        await See(page.Locator("tbody tr.over")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task Forms_and_panes_take_the_focus_give_it_back_and_lose_nothing_by_one_Escape()
    {
        await using var browser = await StartAsync();
        var page = browser.Page;

        // The first stop is the way past the navigation.
        await page.Keyboard.PressAsync("Tab");
        await See(page.GetByText("Skip to the page")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await See(page.Locator("main")).ToBeFocusedAsync();

        await browser.OpenAsync("alerts/silences");
        var open = page.GetByRole(AriaRole.Button, new() { Name = "New silence" });
        await open.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.Keyboard.TypeAsync("NotNow");
        await See(page.GetByLabel("Value of alertname")).ToHaveValueAsync("NotNow");
        await browser.PressAsync("Not now");
        await See(open).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await See(page.GetByLabel("Value of alertname")).ToHaveValueAsync("");

        await browser.OpenAsync("costs");
        var budget = page.GetByRole(AriaRole.Button, new() { Name = "New budget" });
        await budget.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.Keyboard.TypeAsync("typed");
        await See(page.Locator("#budget-id")).ToHaveValueAsync("typed");
        await browser.PressAsync("Not now");
        await See(budget).ToBeFocusedAsync();

        await browser.OpenAsync("agents");
        var link = page.GetByRole(AriaRole.Link, new() { Name = "Run daily_brief" });
        await link.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await See(page.Locator(".pane")).ToBeFocusedAsync();
        await page.Locator("#input").FillAsync("half a text");
        await page.Keyboard.PressAsync("Escape");
        await See(page.Locator("#input")).ToHaveValueAsync("half a text");
        await See(page.Locator(".pane")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Escape");
        await See(page.Locator(".pane")).ToHaveCountAsync(0);
        await See(link).ToBeFocusedAsync();
    }

    [Fact]
    public async Task A_field_that_filters_follows_the_address()
    {
        await using var browser = await StartAsync();
        var page = browser.Page;
        await browser.OpenAsync("audit");
        await page.GetByLabel("By whom").FillAsync("nobody");
        await page.WaitForURLAsync(Filtered());
        await page.GetByRole(AriaRole.Link, new() { Name = "Audit log" }).ClickAsync();
        await See(page.GetByLabel("By whom")).ToHaveValueAsync("");
        await page.GoBackAsync();
        await See(page.GetByLabel("By whom")).ToHaveValueAsync("nobody");
    }

    [Fact]
    public async Task Addresses_that_lead_nowhere_say_so()
    {
        await using var browser = await StartAsync();
        var page = browser.Page;
        foreach (var (path, told) in ((string, string)[])
            [
                ("nopage", "No such page"), ("agents/nope", "There is no agent nope."), ("workflows/workflows/nope", "There is no workflow nope."), ("alerts/rules/nope", "There is no rule nope."),
                ("alerts/active/nope", "This alert is active no longer."), ("executions/nope", "There is no such execution."), ("executions/%E0%A4%A", "There is no such execution."), ("keys/nope", "There is no such key."), ("users/nope", "There is no such user."),
            ])
        {
            await browser.OpenAsync(path);
            await See(page.Locator("main")).ToContainTextAsync(told);
        }

        // An address is anybody's: a reload finds a page again.
        await browser.OpenAsync("executions/%E0%A4%A");
        await page.ReloadAsync();
        await See(page.Locator("main")).ToContainTextAsync("There is no such execution.");
        var viewer = await browser.OtherAsync(GatewayServer.KeyOf(Role.Viewer));
        await viewer.GotoAsync($"{gateway.Address}dashboard#/keys");
        await See(viewer.Locator("main")).ToContainTextAsync("This page is for administrators.");
    }

    [Fact]
    public async Task Signing_out_in_one_tab_takes_the_others_to_the_sign_in_page_and_back_to_where_they_were()
    {
        await using var browser = await StartAsync();
        var other = await browser.OtherTabAsync("costs?by=day");
        await See(other.GetByRole(AriaRole.Heading, new() { Name = "Costs" })).ToBeVisibleAsync();
        await browser.PressAsync("Sign out");
        await See(browser.Page.GetByLabel("Your key")).ToBeVisibleAsync();
        await See(other.GetByLabel("Your key")).ToBeVisibleAsync();
        await other.GetByLabel("Your key").FillAsync("osm_wrong");
        await other.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await See(other.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        await other.GetByLabel("Your key").FillAsync(GatewayServer.AdminKey);
        await other.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await See(other.GetByRole(AriaRole.Heading, new() { Name = "Costs" })).ToBeVisibleAsync();
        await See(other.GetByLabel("Grouped by")).ToHaveValueAsync("day");
    }

    [Fact]
    public async Task A_connection_that_fell_silent_is_given_up_and_made_anew()
    {
        Assert.SkipUnless(File.Exists(DashboardBrowser.Program), $"{DashboardBrowser.Program} is not installed.");
        await using var browser = await DashboardBrowser.StartAsync(gateway.Address);
        var page = browser.Page;
        var (isSilent, connections) = (false, 0);
        await page.RouteWebSocketAsync("**/dashboard/ws", socket =>
        {
            connections++;

            // A network that is away lets no new connection be: what was said to be lost is lost until it is back.
            if (isSilent)
            {
                _ = socket.CloseAsync();
                return;
            }

            var server = socket.ConnectToServer();
            server.OnMessage(frame =>
            {
                if (!isSilent)
                    socket.Send(frame.Text!);
            });
        });
        await page.Clock.InstallAsync();
        await browser.SignInAsync(GatewayServer.AdminKey);
        isSilent = true;
        await page.Clock.RunForAsync(40_000);
        await See(page.Locator(".lost")).ToContainTextAsync("reconnecting");
        isSilent = false;
        await page.Clock.RunForAsync(20_000);
        await See(page.Locator(".lost")).ToHaveCountAsync(0);
        Assert.InRange(connections, 3, 20);
    }

    [Fact]
    public async Task A_page_that_is_left_before_its_connection_stands_closes_it_when_it_does()
    {
        await using var browser = await StartAsync();
        var page = browser.Page;

        // Where a socket was when it was closed; and as soon as an execution's is asked for, its page is left.
        await page.EvaluateAsync("""
            () => {
              window.states = [];
              const before = WebSocket.prototype.close;
              WebSocket.prototype.close = function (...given) { window.states.push(this.readyState); return before.apply(this, given); };
              window.WebSocket = new Proxy(WebSocket, {
                construct(target, [address]) {
                  const socket = new target(address);
                  if (address.endsWith('/ws') && !address.endsWith('/dashboard/ws')) queueMicrotask(() => { location.hash = '#/queue'; });
                  return socket;
                },
              });
            }
            """);
        await browser.OpenAsync($"executions/{(await gateway.StartAsync()).GetProperty("id").GetString()}");
        await See(page.GetByRole(AriaRole.Heading, new() { Name = "Queue and workers" })).ToBeVisibleAsync();
        await page.WaitForFunctionAsync("() => window.states.length > 0");
        Assert.Equal("1", await page.EvaluateAsync<string>("() => window.states.join()"));
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task Figures_are_told_as_people_write_them()
    {
        await using var browser = await StartAsync();
        var told = await browser.Page.EvaluateAsync<string[]>("""
            async () => {
              const { duration } = await import('/dashboard/web/format.js');
              const { bytes, count, dollars, span } = await import('/dashboard/web/shown.js');
              return [duration(0.0042), duration(999.7), duration(59996), duration(119600), duration(7260000), span(9.97), span(59.7), span(119.6), span(86400),
                dollars(0), dollars(0.000001), dollars(0.00000015), dollars(0.0099), dollars(12.345), dollars(1234567.8), dollars(-3), bytes(1048576), count(1234567)];
            }
            """);
        Assert.Equal(
            [
                "4 µs", "1000 ms", "1 min 0 s", "2 min 0 s", "2 h 1 min", "10 s", "1 min 0 s", "2 min 0 s", "1 d 0 h",
                "$0", "$0.000001", "$0.00000015", "$0.0099", "$12.35", "$1,234,568", "−$3.00", "1.0 MB", "1,234,567",
            ],
            told);
    }

    private static ILocatorAssertions See(ILocator what) => DashboardBrowser.See(what);

    private async Task<DashboardBrowser> StartAsync()
    {
        Assert.SkipUnless(File.Exists(DashboardBrowser.Program), $"{DashboardBrowser.Program} is not installed.");
        var browser = await DashboardBrowser.StartAsync(gateway.Address);
        await browser.SignInAsync(GatewayServer.AdminKey);
        return browser;
    }

    [GeneratedRegex("actor=nobody")]
    private static partial Regex Filtered();
}
