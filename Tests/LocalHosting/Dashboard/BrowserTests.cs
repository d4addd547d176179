using System.Globalization;
using Microsoft.Playwright;
using OsMEN.LocalHosting.Otlp;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.LocalHosting.Dashboard;

/// <summary>The page in a real browser. With <c>OSMEN_SCREENSHOTS</c>, a folder, it leaves pictures of every view there.</summary>
[Collection(AloneOnTheMachine.Name)]
public sealed class BrowserTests
{
    private const string Chromium = "/usr/bin/chromium";
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";

    // Scrolls a list to a place, and counts the elements once that is shown.
    private const string ScrollTo = """
        async ([selector, share]) => {
          const list = document.querySelector(selector);
          list.scrollTop = list.scrollHeight * share;
          await new Promise(requestAnimationFrame);
          await new Promise(requestAnimationFrame);
          return document.querySelectorAll('*').length;
        }
        """;

    [Fact]
    public async Task Every_view_shows_what_arrived_and_10000_lines_scroll_without_stutter()
    {
        Assert.SkipUnless(File.Exists(Chromium), $"{Chromium} is not installed.");
        await using var dashboard = await RunningDashboard.StartAsync();
        Fill(dashboard);
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Chromium,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        await using var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = 1280, Height = 800 } });
        var page = await context.NewPageAsync();
        var complaints = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                complaints.Add(message.Text);
        };
        page.PageError += (_, error) => complaints.Add(error);

        await page.GotoAsync(dashboard.Server.LoginUrl);
        await Assertions.Expect(page.Locator("table.resources")).ToContainTextAsync("api");
        await PictureAsync(page, "resources");

        await OpenAsync(page, dashboard, "console/api/0");
        await Assertions.Expect(page.Locator(".virtual")).ToContainTextAsync("console line 10000");
        await PictureAsync(page, "console");
        await AssertSmoothAsync(page);

        await OpenAsync(page, dashboard, "logs");
        await Assertions.Expect(page.Locator(".virtual")).ToContainTextAsync("order 9999");
        await AssertSmoothAsync(page);
        await page.Locator("input[type=search]").FillAsync("order 77");
        await Assertions.Expect(page.Locator(".head .quiet")).ToHaveTextAsync("111 logs");
        await page.Locator(".virtual .log-row").Last.ClickAsync();
        await Assertions.Expect(page.Locator(".pane")).ToContainTextAsync("order 7799 took");
        await PictureAsync(page, "logs");

        await page.Locator(".pane").GetByText("Show the trace", new() { Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator(".waterfall .virtual .span-row")).ToHaveCountAsync(4);
        await Assertions.Expect(page.Locator(".waterfall .bar").Nth(0)).ToBeVisibleAsync();
        await page.Locator(".waterfall .virtual .span-row").Nth(2).ClickAsync();
        await Assertions.Expect(page.Locator(".pane")).ToContainTextAsync("database is locked");
        await PictureAsync(page, "trace");
        await page.Locator(".pane").GetByText("Logs of this trace").ClickAsync();
        await Assertions.Expect(page.Locator(".head .chip")).ToContainTextAsync("trace 0af76519");

        await OpenAsync(page, dashboard, "traces");
        await Assertions.Expect(page.Locator(".virtual .trace-row").Last).ToContainTextAsync("POST /api/v1/orders");
        await PictureAsync(page, "traces");

        await OpenAsync(page, dashboard, "metrics?resource=api&meter=Shop&name=order.duration");
        await Assertions.Expect(page.Locator(".instrument h2")).ToHaveTextAsync("order.duration");
        await Assertions.Expect(page.Locator(".plot canvas")).ToBeVisibleAsync();
        await page.WaitForFunctionAsync("() => { const c = document.querySelector('.plot canvas'); return c?.width > 0 && c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v > 0); }");
        await PictureAsync(page, "metrics");
        Assert.Empty(complaints);
    }

    // In processor time of the page's main thread, which is the same however busy the machine is: 60 frames a second leave 16 ms, and
    // what is asked of Chromium in between is in it too.
    private static async Task AssertSmoothAsync(IPage page)
    {
        var session = await page.Context.NewCDPSessionAsync(page);
        await session.SendAsync("Performance.enable", new() { ["timeDomain"] = "threadTicks" });
        var before = await WorkedAsync(session);
        for (var frame = 0; frame < 60; frame++)
        {
            var elements = await page.EvaluateAsync<int>(ScrollTo, new object[] { ".virtual", frame * 37 % 60 / 60.0 });
            var after = await WorkedAsync(session);
            Assert.True(after - before < 50, string.Create(CultureInfo.InvariantCulture, $"frame {frame} took {after - before:0} ms"));
            Assert.True(elements < 1_000, string.Create(CultureInfo.InvariantCulture, $"{elements} elements"));
            before = after;
        }

        await session.DetachAsync();
    }

    private static async Task<double> WorkedAsync(ICDPSession session)
    {
        var metrics = (await session.SendAsync("Performance.getMetrics"))!.Value.GetProperty("metrics").EnumerateArray();
        return metrics.Single(m => m.GetProperty("name").ValueEquals("TaskDuration")).GetProperty("value").GetDouble() * 1000;
    }

    private static async Task OpenAsync(IPage page, RunningDashboard dashboard, string path) => await page.GotoAsync($"{dashboard.Server.Address}/#/{path}");

    private static async Task PictureAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("OSMEN_SCREENSHOTS") is not { Length: > 0 } folder)
            return;
        foreach (var scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}-{scheme}.png") });
        }

        await page.SetViewportSizeAsync(390, 800);
        await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}-phone.png") });
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        await page.SetViewportSizeAsync(1280, 800);
    }

    private static void Fill(RunningDashboard dashboard)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * 1_000_000;
        TelemetrySource api = new("api", "api-1-0"), worker = new("worker", "worker-1-0");
        for (var i = 1; i <= 10_000; i++)
            dashboard.WriteLine(string.Create(CultureInfo.InvariantCulture, $"INFO console line {i} of what the service writes while it works"));
        dashboard.Server.Store.Logs.Add([.. Enumerable.Range(0, 10_000).Select(i => new LogEntry
        {
            Time = now + (i * 1_000_000L),
            Severity = (i % 50) switch { 7 => 13, 23 => 17, _ => 9 },
            Source = i % 3 == 0 ? worker : api,
            Category = "Shop.Orders",
            Message = string.Create(CultureInfo.InvariantCulture, $"order {i} took {i % 97} ms"),
            TraceId = TraceId,
            SpanId = "00f067aa0ba902b7",
            Attributes = [new("OrderId", i.ToString(CultureInfo.InvariantCulture))],
        })]);
        dashboard.Server.Store.Traces.Add(
        [
            Span("00f067aa0ba902b7", null, "POST /api/v1/orders", api, 0, 180),
            Span("00f067aa0ba902b8", "00f067aa0ba902b7", "enqueue", api, 5, 20),
            Span("00f067aa0ba902b9", "00f067aa0ba902b8", "execute order", worker, 30, 140) with { Failed = true, StatusMessage = "database is locked" },
            Span("00f067aa0ba902ba", "00f067aa0ba902b9", "chat gpt", worker, 40, 90),
        ]);
        for (var second = 0; second < 240; second++)
        {
            dashboard.Server.Store.Metrics.Add(
            [
                Sample(second, "order.duration", MetricKind.Histogram, second * 10) with { Unit = "s", Description = "How long an order takes", Bounds = [0.1, 0.5, 1], Buckets = [second * (6 + (second % 3)), second * 3, second, 0] },
                Sample(second, "orders.open", MetricKind.Gauge, 20 + (10 * Math.Sin(second / 20d))),
                Sample(second, "orders", MetricKind.Counter, second * second / 10),
            ]);
        }

        SpanEntry Span(string id, string? parent, string name, TelemetrySource source, int start, int took) => new()
        {
            TraceId = TraceId,
            SpanId = id,
            ParentId = parent,
            Name = name,
            Kind = 2,
            Start = now + (start * 1_000_000L),
            End = now + ((start + took) * 1_000_000L),
            Failed = false,
            StatusMessage = null,
            Source = source,
            Scope = "Shop",
            Attributes = [new("http.request.method", "POST"), new("http.route", "/api/v1/orders")],
            Events = [],
        };

        MetricSample Sample(int second, string name, MetricKind kind, double value) => new()
        {
            Source = api,
            Metric = new("api", "Shop", name),
            Unit = "",
            Description = "",
            Kind = kind,
            Cumulative = true,
            Start = 0,
            Time = now + ((second - 240) * 1_000_000_000L),
            Value = value,
            Attributes = [],
        };
    }
}
