using System.Net;

namespace OsMEN.Tests.Gateway.Security;

/// <summary>A gateway behind a proxy that ends TLS.</summary>
public sealed class ProxyTests
{
    private static readonly Dictionary<string, string> Settings = new(StringComparer.Ordinal) { ["FORWARDEDHEADERS_ENABLED"] = "true", ["WRONG_KEYS_PER_MINUTE"] = "3" };

    [Fact]
    public async Task Wrong_keys_of_one_caller_shut_out_nobody_else()
    {
        await using var gateway = new GatewayServer(Settings);
        await gateway.InitializeAsync();
        for (var i = 0; i < 4; i++)
            Assert.Equal(i < 2 ? HttpStatusCode.Unauthorized : HttpStatusCode.TooManyRequests, await AskAsync(gateway, "203.0.113.5", "osm_wrong_0123456789abcdef"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(gateway, "203.0.113.5", GatewayServer.AdminKey));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(gateway, "203.0.113.6", "osm_wrong_0123456789abcdef"));

        // What a caller writes itself stands before what the proxy adds.
        Assert.Equal(HttpStatusCode.TooManyRequests, await AskAsync(gateway, "203.0.113.6, 203.0.113.5", "osm_wrong_0123456789abcdef"));
    }

    [Fact]
    public async Task A_forwarded_caller_is_never_one_of_the_same_host()
    {
        await using var gateway = new GatewayServer(Settings);
        await gateway.InitializeAsync();
        Assert.Equal(HttpStatusCode.OK, await AskAsync(gateway, null, null, "/metrics"));
        foreach (var said in (string[])["203.0.113.5", "127.0.0.1", "::1", "127.0.0.1:80"])
            Assert.Equal((said, HttpStatusCode.Unauthorized), (said, await AskAsync(gateway, said, null, "/metrics")));
    }

    [Fact]
    public async Task The_cookie_is_for_TLS_alone_where_the_browser_came_by_it()
    {
        await using var gateway = new GatewayServer(Settings);
        await gateway.InitializeAsync();
        foreach (var scheme in (string[])["http", "https"])
        {
            using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = gateway.Address };
            using var request = new HttpRequestMessage(HttpMethod.Post, "/dashboard/session") { Content = new FormUrlEncodedContent([new("key", GatewayServer.AdminKey)]) };
            request.Headers.TryAddWithoutValidation("Sec-Fetch-Site", "same-origin");
            request.Headers.TryAddWithoutValidation("X-Forwarded-Proto", scheme);
            request.Headers.TryAddWithoutValidation("X-Forwarded-For", "203.0.113.5");
            using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
            var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"));
            Assert.Equal((scheme, scheme == "https"), (scheme, cookie.Contains("; secure", StringComparison.OrdinalIgnoreCase)));
            Assert.Contains("; httponly", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("; samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        }
    }

    private static async Task<HttpStatusCode> AskAsync(GatewayServer gateway, string? address, string? key, string path = "/api/v1/agents")
    {
        using var client = gateway.Client(key);
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (address is not null)
            request.Headers.TryAddWithoutValidation("X-Forwarded-For", address);
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }
}
