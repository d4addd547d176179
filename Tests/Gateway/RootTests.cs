using System.Net;
using System.Text.Json;

namespace OsMEN.Tests.Gateway;

/// <summary>Addresses that people and programs try first.</summary>
public sealed class RootTests(GatewayServer gateway) : IClassFixture<GatewayServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true)]
    [InlineData("*/*", false)]
    [InlineData("application/json", false)]
    [InlineData(null, false)]
    public async Task The_root_leads_a_browser_to_the_dashboard_and_names_the_routes_to_a_program(string? accept, bool isBrowser)
    {
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = gateway.Address };
        if (accept is not null)
            client.DefaultRequestHeaders.Add("Accept", accept);
        using var answer = await client.GetAsync(new Uri("/", UriKind.Relative), Token);
        Assert.Equal("Accept", Assert.Single(answer.Headers.Vary));
        if (isBrowser)
        {
            Assert.Equal((HttpStatusCode.Redirect, "/dashboard"), (answer.StatusCode, answer.Headers.Location!.ToString()));
            return;
        }

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(
            """{"service":"OsMEN","routes":{"dashboard":"/dashboard","api":"/api/v1","openapi":"/api/v1/openapi.json","openai":"/v1","mcp":"/mcp","websocket":"/ws","health":"/health","metrics":"/metrics","info":"/info"}}""",
            await answer.Content.ReadAsStringAsync(Token));
    }

    [Theory]
    [InlineData("POST", "/v1/completions", HttpStatusCode.NotFound, "unknown_url", "Unknown request URL: POST /v1/completions. Supported: ")]
    [InlineData("GET", "/v1", HttpStatusCode.NotFound, "unknown_url", "Unknown request URL: GET /v1. Supported: ")]
    [InlineData("GET", "/v1/chat/completions", HttpStatusCode.MethodNotAllowed, "method_not_supported", "Method not supported: GET /v1/chat/completions. Supported: ")]
    public async Task Unknown_routes_of_OpenAIs_API_say_what_is_supported(string method, string path, HttpStatusCode expected, string code, string message)
    {
        var (status, answer, _) = await gateway.SendAsync(new HttpMethod(method), path, method == "POST" ? "{}" : null);
        Assert.Equal(expected, status);
        var error = answer.GetProperty("error");
        Assert.Equal(
            ("invalid_request_error", code, JsonValueKind.Null),
            (error.GetProperty("type").GetString(), error.GetProperty("code").GetString(), error.GetProperty("param").ValueKind));
        Assert.StartsWith(message, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("GET /v1/models, GET /v1/models/{id}, POST /v1/chat/completions, POST /v1/embeddings", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.SendAsync(new HttpMethod(method), path, key: null)).Status);
    }

    [Fact]
    public async Task An_unknown_model_is_answered_as_before()
    {
        var (status, answer, _) = await gateway.SendAsync(HttpMethod.Get, "/v1/models/nowhere%2Fnothing");
        Assert.Equal((HttpStatusCode.NotFound, "model_not_found"), (status, answer.GetProperty("error").GetProperty("code").GetString()));
    }
}
