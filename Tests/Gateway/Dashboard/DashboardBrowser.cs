using System.Globalization;
using Microsoft.Playwright;

namespace OsMEN.Tests.Gateway.Dashboard;

/// <summary>
/// A browser before a gateway's dashboard. It notes what the pages complain of, and looks at them in light, dark and at phone width;
/// with <c>OSMEN_SCREENSHOTS</c>, a folder, it leaves pictures there.
/// </summary>
internal sealed class DashboardBrowser : IAsyncDisposable
{
    public const string Program = "/usr/bin/chromium";

    // Milliseconds that anything may take to show.
    private const float Patience = 60_000;

    // Serious and critical ones, with the elements that they are about.
    private const string Axe = """
        async () => (await axe.run(document, { resultTypes: ['violations'] })).violations.filter(v => v.impact === 'serious' || v.impact === 'critical')
          .map(v => `${v.id}: ${v.nodes.slice(0, 5).map(n => `${n.target} ${n.any.map(a => a.message)}`).join(' | ')}`)
        """;

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;
    private readonly List<string> _complaints = [];

    private DashboardBrowser(IPlaywright playwright, IBrowser browser, IPage page, Uri gateway)
    {
        (_playwright, _browser, Page, Gateway) = (playwright, browser, page, gateway);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                _complaints.Add(message.Text);
        };
        page.PageError += (_, error) => _complaints.Add(error);
    }

    public IPage Page { get; }

    /// <summary>Errors and warnings of the console.</summary>
    public IReadOnlyList<string> Complaints => _complaints;

    public static bool TakesPictures => Folder is not null;

    private Uri Gateway { get; }

    private static string? Folder => Environment.GetEnvironmentVariable("OSMEN_SCREENSHOTS") is { Length: > 0 } folder ? folder : null;

    public static async Task<DashboardBrowser> StartAsync(Uri gateway)
    {
        Assertions.SetDefaultExpectTimeout(Patience);
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Program,
            Timeout = Patience,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = 1280, Height = 800 } });
        context.SetDefaultTimeout(Patience);
        return new DashboardBrowser(playwright, browser, await context.NewPageAsync(), gateway);
    }

    public static ILocatorAssertions See(ILocator what) => Assertions.Expect(what);

    public ILocatorAssertions See(string selector) => See(Page.Locator(selector));

    public async Task SignInAsync(string key)
    {
        await Page.GotoAsync(new Uri(Gateway, "/dashboard").ToString());
        await SignInAsync(Page, key);
    }

    public static async Task SignInAsync(IPage page, string key)
    {
        await page.GetByLabel("Your key").FillAsync(key);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await See(page.GetByRole(AriaRole.Heading, new() { Name = "Overview" })).ToBeVisibleAsync();
    }

    /// <summary>Another tab of the same browser, which is signed in already.</summary>
    public async Task<IPage> OtherTabAsync(string path)
    {
        var page = await Page.Context.NewPageAsync();
        await page.GotoAsync($"{Gateway}dashboard#/{path}");
        return page;
    }

    /// <summary>A page in a context of its own: another person's.</summary>
    public async Task<IPage> OtherAsync(string key)
    {
        var context = await _browser.NewContextAsync();
        context.SetDefaultTimeout(Patience);
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(Gateway, "/dashboard").ToString());
        await SignInAsync(page, key);
        return page;
    }

    public Task OpenAsync(string path) => Page.GotoAsync($"{Gateway}dashboard#/{path}");

    public Task PressAsync(string button) => Page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();

    /// <summary>Starts an agent from its page with its example, and answers with the execution's address.</summary>
    public async Task<string> StartAgentAsync(string agent)
    {
        await Page.GetByRole(AriaRole.Link, new() { Name = "Agents", Exact = true }).ClickAsync();
        await Page.GetByRole(AriaRole.Link, new() { Name = $"Run {agent}" }).ClickAsync();
        await PressAsync("Start");
        await See(".head h1").ToHaveTextAsync(agent);
        return Page.Url;
    }

    /// <summary>In light, dark and at phone width: no serious violation, nothing wider than the screen; pictures if wanted.</summary>
    public async Task InspectAsync(string name)
    {
        using var script = new StreamReader(typeof(DashboardBrowser).Assembly.GetManifestResourceStream("axe.min.js")!);
        await Page.EvaluateAsync(await script.ReadToEndAsync(TestContext.Current.CancellationToken));
        var found = new List<string>();
        foreach (var (look, width, scheme) in ((string, int, ColorScheme)[])[("light", 1280, ColorScheme.Light), ("dark", 1280, ColorScheme.Dark), ("phone", 390, ColorScheme.Dark)])
        {
            await Page.SetViewportSizeAsync(width, 800);
            await Page.EmulateMediaAsync(new() { ColorScheme = scheme });
            if (Folder is { } folder)
                await Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"gateway-{name}-{look}.png") });
            found.AddRange((await Page.EvaluateAsync<string[]>(Axe)).Select(v => $"{look}: {v}"));
            var wide = await Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - innerWidth");
            if (wide > 0)
                found.Add(string.Create(CultureInfo.InvariantCulture, $"{look}: {wide} pixels too wide"));
        }

        await Page.SetViewportSizeAsync(1280, 800);
        await Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        Assert.True(found.Count == 0, $"{name}: {string.Join("\n", found)}");
    }

    /// <summary>A picture of what is there, if pictures are wanted.</summary>
    public async Task PictureAsync(string name)
    {
        if (Folder is { } folder)
            await Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png") });
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
