using System.Net;
using OsMEN.Gateway.Security;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.Tests.Gateway;

public sealed class LimitTests
{
    [Fact]
    public async Task Over_the_rate_of_a_key_requests_are_refused_with_when_to_come_back()
    {
        await using var gateway = new GatewayServer(new Dictionary<string, string>(StringComparer.Ordinal) { ["RATE_LIMIT_PER_KEY"] = "1" });
        await gateway.InitializeAsync();

        // All at once: one after the other may take a slow machine longer than a second each, and then none is too many.
        var answers = (await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => gateway.SendAsync(HttpMethod.Get, "/api/v1/agents")))).Select(a => a.Response).ToLookup(r => r.StatusCode);
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.TooManyRequests], answers.Select(a => a.Key).Order());
        Assert.InRange(answers[HttpStatusCode.OK].Count(), 2, 39);
        var refused = answers[HttpStatusCode.TooManyRequests].First();
        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType!.MediaType);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 10);
        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Get, "/api/v1/agents", key: GatewayServer.KeyOf(Role.Viewer))).Status);
    }

    [Fact]
    public async Task Guessing_keys_is_stopped_also_for_a_right_one_from_there()
    {
        await using var gateway = new GatewayServer(new Dictionary<string, string>(StringComparer.Ordinal) { ["WRONG_KEYS_PER_MINUTE"] = "60" });
        await gateway.InitializeAsync();
        HttpResponseMessage? last = null;
        for (var i = 0; i < 62; i++)
            last = (await gateway.SendAsync(HttpMethod.Get, "/api/v1/agents", key: $"osm_guess_{i}_0123456789")).Response;
        Assert.Equal(HttpStatusCode.TooManyRequests, last!.StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await gateway.SendAsync(HttpMethod.Get, "/api/v1/agents")).Status);
        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Get, "/health/live", key: null)).Status);
    }

    [Fact]
    public async Task A_full_queue_answers_503_with_when_to_come_back()
    {
        await using var gateway = new GatewayServer(new Dictionary<string, string>(StringComparer.Ordinal) { ["Executions:MaxQueued"] = "1" });
        await gateway.InitializeAsync();
        await gateway.StartAsync();
        var (status, _, response) = await gateway.SendAsync(HttpMethod.Post, "/api/v1/agents/daily_brief/executions", """{"input":"x"}""");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.NotNull(response.Headers.RetryAfter);
    }

    [Theory]
    [InlineData("secret-without-prefix", "(entry 1, hidden)")]
    [InlineData("osm_0123456789abcdef:root", "(entry 1, hidden)")]
    [InlineData("osm_0123456789abcdef, osm_short", "(entry 2, hidden)")]
    public void A_broken_entry_of_keys_is_told_by_its_place_not_its_value(string value, string place)
    {
        var configuration = new Microsoft.Extensions.Configuration.ConfigurationManager { ["OSMEN_API_KEYS"] = value };
        var e = Assert.Throws<ConfigurationException>(() => ConfiguredKeys.Read(configuration, default));
        Assert.Contains(place, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-without-prefix", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("osm_0123456789abcdef", e.Message, StringComparison.Ordinal);
    }
}
