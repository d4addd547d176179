using System.Net;
using Microsoft.Playwright;
using OsMEN.Gateway.Security;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Gateway.Dashboard;

/// <summary>Keys, users and the audit log on the gateway's page, in a real browser.</summary>
[Collection(AloneOnTheMachine.Name)]
public sealed class KeyPagesTests(GatewayServer gateway) : IClassFixture<GatewayServer>
{
    [Fact]
    public async Task A_key_is_made_copied_used_changed_and_revoked_its_user_disabled_and_all_of_it_found_in_the_log()
    {
        Assert.SkipUnless(File.Exists(DashboardBrowser.Program), $"{DashboardBrowser.Program} is not installed.");
        await using var browser = await DashboardBrowser.StartAsync(gateway.Address);
        var page = browser.Page;
        await page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await browser.SignInAsync(GatewayServer.AdminKey);

        await page.GetByRole(AriaRole.Link, new() { Name = "Keys", Exact = true }).ClickAsync();
        await See(page.Locator(".table-box tbody tr")).ToHaveCountAsync(4);
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("ci");
        await page.GetByLabel("Role", new() { Exact = true }).SelectOptionAsync("viewer");
        await page.GetByLabel("User", new() { Exact = true }).FillAsync("eve@example.com");
        await page.GetByLabel("Good").SelectOptionAsync("720h");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a key" }).ClickAsync();
        var made = (await page.Locator(".secret").TextContentAsync())!;
        await page.GetByRole(AriaRole.Button, new() { Name = "Copy" }).ClickAsync();
        await See(page.GetByRole(AriaRole.Button, new() { Name = "Copied" })).ToBeVisibleAsync();
        Assert.Equal(made, await page.EvaluateAsync<string>("() => navigator.clipboard.readText()"));
        Assert.Equal(HttpStatusCode.OK, await UseAsync(made));
        await See(page.Locator(".table-box tbody tr")).ToHaveCountAsync(5);
        await browser.InspectAsync("keys");

        // Somebody signs in with it, and sees nothing of what is for administrators.
        var others = await browser.OtherAsync(made);
        await See(others.GetByRole(AriaRole.Link, new() { Name = "Executions", Exact = true })).ToBeVisibleAsync();
        foreach (var name in (string[])["Keys", "Users", "Audit log"])
            await See(others.GetByRole(AriaRole.Link, new() { Name = name, Exact = true })).ToHaveCountAsync(0);
        await See(others.Locator(".who")).ToContainTextAsync("viewer");

        // By keyboard: opened with Enter, closed with Escape.
        await page.GetByRole(AriaRole.Link, new() { Name = "Open ci" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await See(page.Locator(".pane h2")).ToHaveTextAsync("ci");
        await browser.InspectAsync("key");
        await page.Keyboard.PressAsync("Escape");
        await See(page.Locator(".pane")).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Link, new() { Name = "Open ci" }).ClickAsync();
        await page.Locator("#change-role").SelectOptionAsync("operator");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await See(page.Locator(".pane [role=status]")).ToHaveTextAsync("Saved.");
        await See(page.Locator(".table-box tr.selected")).ToContainTextAsync("operator");
        await See(others.Locator(".who")).ToContainTextAsync("operator");

        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke ci" }).ClickAsync();
        Assert.Equal(HttpStatusCode.OK, await UseAsync(made));
        await page.GetByRole(AriaRole.Button, new() { Name = "Really revoke ci" }).ClickAsync();
        await See(page.Locator(".pane [role=status]")).ToContainTextAsync("Revoked");
        await See(page.Locator(".table-box tbody tr")).ToHaveCountAsync(4);
        Assert.Equal(HttpStatusCode.Unauthorized, await UseAsync(made));
        await See(others.GetByLabel("Your key")).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Users", Exact = true }).ClickAsync();
        await See(page.Locator(".table-box tbody tr")).ToHaveCountAsync(5);
        await browser.InspectAsync("users");
        await page.GetByRole(AriaRole.Link, new() { Name = "Open viewer-user" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Disable viewer-user" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Really disable viewer-user" }).ClickAsync();
        await See(page.GetByRole(AriaRole.Button, new() { Name = "Enable" })).ToBeVisibleAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await UseAsync(GatewayServer.KeyOf(Role.Viewer)));
        await browser.InspectAsync("user");
        await page.GetByRole(AriaRole.Button, new() { Name = "Enable" }).ClickAsync();
        await See(page.GetByRole(AriaRole.Button, new() { Name = "Disable viewer-user" })).ToBeVisibleAsync();
        Assert.Equal(HttpStatusCode.OK, await UseAsync(GatewayServer.KeyOf(Role.Viewer)));

        await page.GetByRole(AriaRole.Link, new() { Name = "Audit log", Exact = true }).ClickAsync();
        await See(page.Locator(".table-box tbody b")).ToHaveTextAsync(["user.enabled", "user.disabled", "key.revoked", "key.changed", "session.started", "key.created", "session.started"]);
        await See(page.Locator(".table-box tbody tr").Nth(3)).ToContainTextAsync("role: viewer operator");
        await browser.InspectAsync("audit");
        await page.GetByLabel("What", new() { Exact = true }).SelectOptionAsync("key");
        await See(page.Locator(".table-box tbody tr")).ToHaveCountAsync(3);
        await page.GetByLabel("By whom").FillAsync("nobody");
        await See(page.Locator(".empty")).ToContainTextAsync("None matches.");
        Assert.DoesNotContain(made[..12], await page.ContentAsync(), StringComparison.Ordinal);
        Assert.Empty(browser.Complaints);
    }

    private static ILocatorAssertions See(ILocator what) => DashboardBrowser.See(what);

    private async Task<HttpStatusCode> UseAsync(string key) => (await gateway.SendAsync(HttpMethod.Get, "/api/v1/agents", key: key)).Status;
}
