using System.Net;
using System.Text.Json;

namespace OsMEN.Tests.Gateway;

/// <summary>The parameters of a query: described, and nothing else taken, on every route that declares some.</summary>
public class QueryParameterTests(GatewayServer gateway) : IClassFixture<GatewayServer>
{
    // One that is wrong whatever the parameter is.
    private const string Wrong = "\u0001";

    [Fact]
    public async Task Every_filter_of_a_listing_stands_in_the_description_with_its_limits()
    {
        var parameters = (await DescribedAsync()).Single(o => o.Path == "/api/v1/executions" && o.Method == "GET").Parameters;
        Assert.Equal(["agent", "status", "user", "kind", "since", "until", "cursor", "limit"], parameters.Select(p => p.GetProperty("name").GetString()));
        Assert.Equal("""{"maximum":1000,"minimum":1,"type":"integer","default":50}""", Schema("limit"));
        Assert.Equal("""{"enum":["agent","command","workflow"],"type":"string"}""", Schema("kind"));
        Assert.Equal("""{"type":"string","format":"date-time"}""", Schema("since"));
        Assert.All(parameters, p => Assert.False(string.IsNullOrEmpty(p.GetProperty("description").GetString())));

        string Schema(string name) => JsonSerializer.Serialize(parameters.Single(p => p.GetProperty("name").GetString() == name).GetProperty("schema"));
    }

    [Fact]
    public async Task A_parameter_that_is_unknown_wrong_or_there_twice_is_named_and_refused_wherever_some_are_taken()
    {
        var operations = (await DescribedAsync()).Where(o => o.Parameters.Count > 0).ToArray();
        Assert.InRange(operations.Length, 14, 100);
        foreach (var (method, path, parameters) in operations)
        {
            var names = parameters.Select(p => p.GetProperty("name").GetString()!).ToArray();
            var query = "?lmit=1&" + string.Join('&', names.Select(n => $"{n}={Uri.EscapeDataString(Wrong)}"));
            var address = path.Replace("{id}", "0190c0de-0000-7000-8000-000000000000", StringComparison.Ordinal).Replace("{view}", "daily_system_metrics", StringComparison.Ordinal);
            var (status, problem, _) = await gateway.SendAsync(new HttpMethod(method), address + query, method == "POST" ? "{}" : null);
            Assert.Equal((path, HttpStatusCode.BadRequest), (path, status));
            Assert.Equal(["lmit", .. names], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
            Assert.Equal([$"is no parameter; there are: {string.Join(", ", names)}"], problem.GetProperty("errors").GetProperty("lmit").EnumerateArray().Select(e => e.GetString()));

            (status, problem, _) = await gateway.SendAsync(new HttpMethod(method), $"{address}?{names[0]}=1&{names[0]}=1", method == "POST" ? "{}" : null);
            Assert.Equal((path, HttpStatusCode.BadRequest), (path, status));
            Assert.Equal("is there twice", problem.GetProperty("errors").GetProperty(names[0])[0].GetString());
        }
    }

    [Theory]
    [InlineData("/api/v1/executions?status=completed&since=2026-01-31&until=2030-01-31T08:00:00Z&cursor=&agent=")]
    [InlineData("/alerts?severity=CRITICAL&state=firing")]
    [InlineData("/alerts/history?hours=48")]
    [InlineData("/api/v1/usage?group_by=day&since=1970-01-01")]
    [InlineData("/api/v1/prices?source=shipped")]
    public async Task What_is_described_is_taken(string path) => Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Get, path)).Status);

    private async Task<IReadOnlyList<(string Method, string Path, IReadOnlyList<JsonElement> Parameters)>> DescribedAsync()
    {
        var (_, document, _) = await gateway.SendAsync(HttpMethod.Get, "/api/v1/openapi.json");
        return
        [
            .. document.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject().Select(o => (
                o.Name.ToUpperInvariant(),
                p.Name,
                (IReadOnlyList<JsonElement>)[.. (o.Value.TryGetProperty("parameters", out var all) ? all.EnumerateArray() : []).Where(a => a.GetProperty("in").GetString() == "query")]))),
        ];
    }
}
