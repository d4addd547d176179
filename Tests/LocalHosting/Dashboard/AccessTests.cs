using System.Net;

namespace OsMEN.Tests.LocalHosting.Dashboard;

/// <summary>Who gets in.</summary>
public sealed class AccessTests
{
    [Fact]
    public async Task The_printed_link_sets_a_cookie_that_opens_the_page()
    {
        await using var dashboard = await RunningDashboard.StartAsync();
        using var login = await SendAsync(dashboard, HttpMethod.Get, "/login?t=" + dashboard.Token);
        Assert.Equal(HttpStatusCode.Redirect, login.StatusCode);
        Assert.Equal("/", login.Headers.Location?.OriginalString);
        var port = new Uri(dashboard.Server.Address).Port;
        var cookie = Assert.Single(login.Headers.GetValues("Set-Cookie"));
        Assert.Equal($"osmen-dashboard-{port}={dashboard.Token}; path=/; samesite=strict; httponly", cookie);
        using var page = await SendAsync(dashboard, HttpMethod.Get, "/", ("Cookie", cookie.Split(';')[0]));
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.StartsWith("default-src 'self'; script-src 'self' 'sha256-", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/login")]
    [InlineData("/login?t=00000000000000000000000000000000")]
    [InlineData("/web/app.js")]
    [InlineData("/api/resources")]
    [InlineData("/api/logs")]
    public async Task Without_the_token_there_is_only_where_to_find_it(string path)
    {
        await using var dashboard = await RunningDashboard.StartAsync();
        using var response = await SendAsync(dashboard, HttpMethod.Get, path, ("Authorization", "Bearer 00000000000000000000000000000000"));
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Contains("AppHost print", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/", "Host", "evil.example", HttpStatusCode.BadRequest)]
    [InlineData("POST", "/v1/logs", "Host", "127.0.0.1.evil.example", HttpStatusCode.BadRequest)]
    [InlineData("POST", "/api/resources/api/stop", "Origin", "http://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("POST", "/api/resources/api/stop", "Origin", "http://127.0.0.1:1", HttpStatusCode.Forbidden)]
    [InlineData("POST", "/api/resources/api/stop", "Origin", "null", HttpStatusCode.Forbidden)]
    [InlineData("POST", "/api/resources/api/stop", "Sec-Fetch-Site", "cross-site", HttpStatusCode.Forbidden)]
    public async Task Another_site_gets_nowhere_even_with_the_token(string method, string path, string header, string value, HttpStatusCode expected)
    {
        await using var dashboard = await RunningDashboard.StartAsync();
        using var response = await SendAsync(dashboard, new HttpMethod(method), path, ("Authorization", "Bearer " + dashboard.Token), (header, value));
        Assert.Equal(expected, response.StatusCode);
    }

    [Theory]
    [InlineData(null, "application/x-protobuf", HttpStatusCode.Unauthorized)]
    [InlineData("wrong", "application/x-protobuf", HttpStatusCode.Unauthorized)]
    [InlineData("", "application/json", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("", "application/x-protobuf", HttpStatusCode.BadRequest)]
    public async Task The_receiver_asks_for_its_own_key_and_for_protobuf(string? key, string type, HttpStatusCode expected)
    {
        await using var dashboard = await RunningDashboard.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, dashboard.Server.Address + "/v1/traces") { Content = new ByteArrayContent([0x0A, 0xFF, 0x01]) };
        request.Content.Headers.ContentType = new(type);
        if (key is not null)
            request.Headers.Add("x-otlp-api-key", key.Length > 0 ? key : dashboard.Server.Telemetry.ApiKey);
        using var response = await dashboard.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(expected, response.StatusCode);
        Assert.Equal(0, dashboard.Server.Store.Traces.Use.Count);
    }

    [Fact]
    public async Task A_small_body_that_unpacks_to_more_than_the_limit_is_refused()
    {
        await using var dashboard = await RunningDashboard.StartAsync();
        using var packed = new MemoryStream();
        await using (var gzip = new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
            await gzip.WriteAsync(new byte[9 * 1024 * 1024], TestContext.Current.CancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Post, dashboard.Server.Address + "/v1/logs") { Content = new ByteArrayContent(packed.ToArray()) };
        request.Content.Headers.ContentType = new("application/x-protobuf");
        request.Content.Headers.ContentEncoding.Add("gzip");
        request.Headers.Add("x-otlp-api-key", dashboard.Server.Telemetry.ApiKey);
        using var response = await dashboard.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    private static Task<HttpResponseMessage> SendAsync(RunningDashboard dashboard, HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, dashboard.Server.Address + path);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return dashboard.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
