using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OsMEN.Hosting.Monitoring.Scraping;

namespace OsMEN.Tests.Hosting.Monitoring;

/// <summary>What a container can reach through the relay, and what it cannot.</summary>
public sealed class MetricsRelayTests : IAsyncLifetime
{
    private readonly HttpClient _http = new();
    private WebApplication _service = null!;
    private MetricsRelay _relay = null!;
    private Uri? _metrics;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _service = builder.Build();
        _service.Urls.Add("http://127.0.0.1:0");
        _service.MapGet("/metrics", (HttpContext context) =>
        {
            context.Response.Headers.ContentEncoding = "identity";
            var headers = context.Request.Headers;
            return Results.Text($"accept {headers.Accept}\nauthorization {headers.Authorization}\n", "text/plain; version=0.0.4");
        });
        _service.MapGet("/admin", () => "secret");
        await _service.StartAsync(Token);
        _metrics = new Uri(new Uri(_service.Urls.Single()), "/metrics");
        var host = new ContainerHost(IPAddress.Loopback, "127.0.0.1");
        _relay = await MetricsRelay.StartAsync(host, "t0ken", name => name == "api-1" ? _metrics : null, Token);
        _http.BaseAddress = new($"http://{_relay.Address}");
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "t0ken");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _relay.DisposeAsync();
        await _service.DisposeAsync();
    }

    [Fact]
    public async Task Passes_on_the_metrics_of_a_replica_with_what_the_request_asked_for()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api-1");
        request.Headers.Accept.ParseAdd("application/openmetrics-text");
        using var response = await _http.SendAsync(request, Token);

        Assert.Equal("accept application/openmetrics-text\nauthorization Bearer t0ken\n", await response.Content.ReadAsStringAsync(Token));
        Assert.Equal("text/plain; version=0.0.4", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(["identity"], response.Content.Headers.ContentEncoding);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Bearer wrong")]
    [InlineData("Bearer t0ken2")]
    public async Task Refuses_whoever_lacks_the_token(string authorization)
    {
        _http.DefaultRequestHeaders.Remove("Authorization");
        if (authorization.Length > 0)
            _http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", authorization);
        using var response = await _http.GetAsync("/api-1", Token);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Theory]
    [InlineData("GET", "/api-2")]
    [InlineData("GET", "/")]
    [InlineData("GET", "/admin")]
    [InlineData("GET", "/api-1/../admin")]
    [InlineData("POST", "/api-1")]
    public async Task Reaches_nothing_but_metrics(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var response = await _http.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Replica_that_is_down_is_a_bad_gateway()
    {
        await _service.StopAsync(Token);
        using var response = await _http.GetAsync("/api-1", Token);

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
    }
}
