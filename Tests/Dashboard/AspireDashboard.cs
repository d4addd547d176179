using Microsoft.Playwright;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Dashboard;

/// <summary>
/// Aspire's dashboard in a real browser, signed in. Pictures go to <c>artifacts/screenshots</c> beside the solution, or to the folder that
/// <c>OSMEN_SCREENSHOTS</c> names.
/// </summary>
internal sealed class AspireDashboard : IAsyncDisposable
{
    // Milliseconds. A trace appears once every service has exported its spans.
    private const float Timeout = 60_000;

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;
    private readonly Uri _address;

    private AspireDashboard(IPlaywright playwright, IBrowser browser, IPage page, Uri address) =>
        (_playwright, _browser, Page, _address) = (playwright, browser, page, address);

    public IPage Page { get; }

    /// <summary>The GenAI view of a span, once it is open.</summary>
    public ILocator GenAIView => Page.Locator("fluent-dialog").Last;

    /// <param name="chromium">The browser's executable.</param>
    /// <param name="login">The link that AppHost prints, with its token.</param>
    public static async Task<AspireDashboard> OpenAsync(string chromium, Uri login)
    {
        Assertions.SetDefaultExpectTimeout(Timeout);
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = chromium,
            Timeout = Timeout,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = 1440, Height = 1200 } });
        context.SetDefaultTimeout(Timeout);
        var dashboard = new AspireDashboard(playwright, browser, await context.NewPageAsync(), login);
        await dashboard.Page.GotoAsync(login.ToString());
        return dashboard;
    }

    /// <summary>The row of a resource, a trace or a span that contains a text.</summary>
    public ILocator Row(string text) => Page.GetByRole(AriaRole.Row).Filter(new() { HasText = text });

    /// <summary>
    /// Opens a trace that has a span. The page only follows the resource of the trace's first span, so it is reloaded until the others have
    /// exported theirs.
    /// </summary>
    public Task OpenTraceAsync(string traceId, string span) => Programs.UntilAsync(
        async () =>
        {
            await Page.GotoAsync(new Uri(_address, $"/traces/detail/{traceId}").ToString());
            await Row(span).WaitForAsync(new() { Timeout = 3_000 });
            return true;
        },
        $"the trace has {span}");

    /// <summary>Opens the GenAI view of a span of the open trace.</summary>
    public async Task OpenGenAIAsync(ILocator span)
    {
        await span.GetByTitle("GenAI details").ClickAsync();
        await Assertions.Expect(GenAIView).ToContainTextAsync("Input & output");
    }

    /// <summary>Selects a tab of the GenAI view: Tools, Details.</summary>
    public Task SelectTabAsync(string tab) => GenAIView.GetByRole(AriaRole.Tab).Filter(new() { HasText = tab }).ClickAsync();

    public async Task CloseGenAIAsync()
    {
        await Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(Page.Locator("fluent-dialog")).ToHaveCountAsync(0);
    }

    public Task PictureAsync(string name) => Page.ScreenshotAsync(new() { Path = Path.Combine(Folder(), $"aspire-{name}.png") });

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }

    private static string Folder() =>
        Environment.GetEnvironmentVariable("OSMEN_SCREENSHOTS") is { Length: > 0 } chosen
            ? chosen
            : Path.Combine(Solution(), "artifacts", "screenshots");

    private static string Solution()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!folder.EnumerateFiles("*.sln").Any())
            folder = folder.Parent ?? throw new DirectoryNotFoundException($"No solution above {AppContext.BaseDirectory}.");
        return folder.FullName;
    }
}
