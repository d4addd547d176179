using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.Gateway.Security;

namespace OsMEN.Tests.Gateway;

/// <summary>Who may do what: every route that the gateway maps, for every role and without a key.</summary>
public sealed class AccessTests(GatewayServer gateway) : IClassFixture<GatewayServer>
{
    private const string Everybody = "viewer user operator admin";
    private const string Runners = "user operator admin";
    private const string Operators = "operator admin";
    private const string Admins = "admin";
    private const string Open = "";

    // A new route has to be added here: the first test fails until it is.
    private static readonly Dictionary<string, string> Routes = new(StringComparer.Ordinal)
    {
        ["DELETE /alerts/rules/{name}"] = Admins,
        ["DELETE /alerts/silences/{id}"] = Operators,
        ["DELETE /api/v1/agents/{id}"] = Admins,
        ["DELETE /api/v1/budgets/{id}"] = Admins,
        ["DELETE /api/v1/keys/{id}"] = Admins,
        ["GET /alerts/"] = Everybody,
        ["GET /alerts/channels"] = Everybody,
        ["GET /alerts/history"] = Everybody,
        ["GET /alerts/rules"] = Everybody,
        ["GET /alerts/rules/{name}"] = Everybody,
        ["GET /alerts/silences"] = Everybody,
        ["GET /alerts/statistics"] = Everybody,
        ["DELETE /dashboard/session"] = Everybody,
        ["GET /"] = Open,
        ["GET /alive"] = Open,
        ["GET /api/v1/agents/"] = Everybody,
        ["GET /api/v1/agents/{id}"] = Everybody,
        ["GET /api/v1/analytics/{view}"] = Everybody,
        ["GET /api/v1/approvals"] = Everybody,
        ["GET /api/v1/audit"] = Admins,
        ["GET /api/v1/budgets/"] = Everybody,
        ["GET /api/v1/budgets/{id}"] = Everybody,
        ["GET /api/v1/commands/"] = Everybody,
        ["GET /api/v1/commands/{id}"] = Everybody,
        ["GET /api/v1/executions"] = Everybody,
        ["GET /api/v1/executions/{id}"] = Everybody,
        ["GET /api/v1/executions/{id}/calls"] = Everybody,
        ["GET /api/v1/executions/{id}/events"] = Everybody,
        ["GET /api/v1/executions/{id}/steps"] = Everybody,
        ["GET /api/v1/keys/"] = Admins,
        ["GET /api/v1/keys/{id}"] = Admins,
        ["GET /api/v1/monitoring/dashboard/health"] = Everybody,
        ["GET /api/v1/monitoring/health"] = Everybody,
        ["GET /api/v1/monitoring/prometheus/metrics"] = Open,
        ["GET /api/v1/prices/"] = Everybody,
        ["GET /api/v1/roles"] = Everybody,
        ["GET /api/v1/schedules"] = Everybody,
        ["GET /api/v1/usage/"] = Everybody,
        ["GET /api/v1/usage/projection"] = Everybody,
        ["GET /api/v1/users/"] = Admins,
        ["GET /api/v1/users/{**name}"] = Admins,
        ["GET /api/v1/workflows"] = Everybody,
        ["GET /api/v1/workflows/{id}"] = Everybody,
        ["GET /api/v1/openapi.json"] = Everybody,
        ["GET /dashboard"] = Open,
        ["GET /dashboard/config"] = Everybody,
        // Without the token of the link that AppHost prints, it takes a key.
        ["GET /dashboard/login"] = Everybody,
        ["GET /dashboard/grafana"] = Everybody,
        ["GET /dashboard/grafana/{name}"] = Everybody,
        ["GET /dashboard/performance"] = Everybody,
        ["GET /dashboard/web/{**file}"] = Open,
        ["GET /dashboard/ws"] = Everybody,
        ["GET /health"] = Everybody,
        ["GET /health/components/{name}"] = Everybody,
        ["GET /health/dependencies/{name}"] = Everybody,
        ["GET /health/history"] = Everybody,
        ["GET /health/live"] = Open,
        ["GET /health/metrics"] = Everybody,
        ["GET /health/ready"] = Open,
        ["GET /health/status"] = Everybody,
        ["GET /info"] = Everybody,
        ["GET /metrics"] = Open,
        ["GET /metrics/json"] = Open,
        ["GET /ready"] = Open,

        // In Development only. The package lets everybody read its scripts, which show nothing of this gateway.
        ["GET /scalar/favicon.svg"] = Open,
        ["GET /scalar/scalar.aspnetcore.js"] = Open,
        ["GET /scalar/scalar.js"] = Open,
        ["GET /scalar/{documentName?}"] = Everybody,
        ["GET /v1/models"] = Everybody,
        ["GET /v1/models/{**id}"] = Everybody,
        ["GET /ws"] = Everybody,
        ["PATCH /api/v1/keys/{id}"] = Admins,
        ["POST /alerts/channels/{name}/test"] = Admins,
        ["POST /alerts/silences"] = Operators,
        ["POST /alerts/{id}/acknowledge"] = Operators,
        ["POST /api/v1/agents/{id}/executions"] = Runners,
        ["POST /api/v1/commands/{id}/executions"] = Runners,
        ["POST /api/v1/executions/{id}/approve"] = Runners,
        ["POST /api/v1/executions/{id}/cancel"] = Runners,
        ["POST /api/v1/executions/{id}/retry"] = Runners,
        ["POST /api/v1/keys/"] = Admins,
        ["POST /api/v1/workflows/{id}/executions"] = Runners,
        ["POST /dashboard/session"] = Open,
        ["POST /health/check"] = Everybody,
        ["POST /mcp/"] = Runners,
        ["POST /v1/chat/completions"] = Runners,
        ["POST /v1/embeddings"] = Runners,
        ["PUT /alerts/rules/{name}"] = Admins,
        ["PUT /api/v1/agents/{id}"] = Admins,
        ["PUT /api/v1/prices/"] = Admins,
        ["PUT /api/v1/budgets/{id}"] = Admins,
        ["PUT /api/v1/users/{**name}"] = Admins,
        ["PUT /dashboard/config"] = Admins,
    };

    public static TheoryData<string> Names => [.. Routes.Keys];

    [Fact]
    public void Every_route_is_listed_here()
    {
        var mapped = gateway.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(e => (e.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"]).Select(m => $"{m} {e.RoutePattern.RawText}"))
            .Where(r => !r.StartsWith("HEAD ", StringComparison.Ordinal))
            .Distinct(StringComparer.Ordinal);
        Assert.Equal(Routes.Keys.Order(StringComparer.Ordinal), mapped.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Each_role_gets_in_where_it_may_and_nowhere_else(string route)
    {
        var (method, path) = (new HttpMethod(route.Split(' ')[0]), Concrete(route.Split(' ')[1]));
        var allowed = Routes[route];
        var withoutKey = await SendAsync(method, path, null);
        var wrongKey = await SendAsync(method, path, "osm_wrong_key_of_the_tests");
        Assert.Equal(allowed == Open, withoutKey != HttpStatusCode.Unauthorized);
        Assert.Equal(allowed == Open, wrongKey != HttpStatusCode.Unauthorized);
        foreach (var role in Enum.GetValues<Role>())
        {
            var status = await SendAsync(method, path, GatewayServer.KeyOf(role));
            Assert.NotEqual(HttpStatusCode.Unauthorized, status);
            Assert.Equal((role, allowed == Open || allowed.Split(' ').Contains(role.ToWire(), StringComparer.Ordinal)), (role, status != HttpStatusCode.Forbidden));
        }
    }

    [Fact]
    public async Task A_path_that_is_none_needs_a_key_too() =>
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(HttpMethod.Get, "/no/such/path", null));

    [Fact]
    public async Task A_key_is_made_used_listed_without_itself_and_revoked()
    {
        var (made, key, _) = await gateway.SendAsync(HttpMethod.Post, "/api/v1/keys", """{"name":"ci","role":"user","user":"ci@example.com","expires_in":"1h"}""");
        Assert.Equal(HttpStatusCode.Created, made);
        var secret = key.GetProperty("key").GetString()!;
        Assert.Matches("^osm_[0-9a-f]{64}$", secret);
        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Get, "/api/v1/agents", key: secret)).Status);
        var (_, execution, _) = await gateway.SendAsync(HttpMethod.Post, "/api/v1/agents/daily_brief/executions", """{"input":"x"}""", secret);
        Assert.Equal("ci@example.com", execution.GetProperty("user").GetString());
        var (_, list, _) = await gateway.SendAsync(HttpMethod.Get, "/api/v1/keys");
        Assert.DoesNotContain(secret, list.GetRawText(), StringComparison.Ordinal);
        Assert.Contains(list.GetProperty("items").EnumerateArray(), k => k.GetProperty("id").GetString() == key.GetProperty("id").GetString());
        Assert.Equal(HttpStatusCode.NoContent, (await gateway.SendAsync(HttpMethod.Delete, $"/api/v1/keys/{key.GetProperty("id").GetString()}")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.SendAsync(HttpMethod.Get, "/api/v1/agents", key: secret)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.SendAsync(HttpMethod.Delete, $"/api/v1/keys/{key.GetProperty("id").GetString()}")).Status);
    }

    [Theory]
    [InlineData("""{}""", "name")]
    [InlineData("""{"name":"x","role":"root"}""", "role")]
    [InlineData("""{"name":"x","expires_in":"0s"}""", "expires_in")]
    [InlineData("""{"name":"x","expires":"1h"}""", "expires")]
    public async Task A_bad_key_request_is_named(string body, string field)
    {
        var (status, problem, _) = await gateway.SendAsync(HttpMethod.Post, "/api/v1/keys", body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.GetRawText());
    }

    [Fact]
    public async Task The_description_has_every_route_of_the_API_with_examples_of_its_bodies()
    {
        var (_, document, _) = await gateway.SendAsync(HttpMethod.Get, "/api/v1/openapi.json");
        var described = document.GetProperty("paths").EnumerateObject()
            .SelectMany(p => p.Value.EnumerateObject().Select(o => $"{o.Name.ToUpperInvariant()} {p.Name.TrimEnd('/')}")).Order(StringComparer.Ordinal);
        var expected = Routes.Keys.Where(r => (r.Contains("/v1/", StringComparison.Ordinal) && !r.Contains("/monitoring/", StringComparison.Ordinal) && !r.EndsWith("/openapi.json", StringComparison.Ordinal)) || r.EndsWith("/info", StringComparison.Ordinal) || r.Contains(" /alerts/", StringComparison.Ordinal))
            .Select(r => r.TrimEnd('/').Replace("{**", "{", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        Assert.Equal(expected, described);
        foreach (var operation in document.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject()).Where(o => o.Value.TryGetProperty("requestBody", out _)))
        {
            var media = operation.Value.GetProperty("requestBody").GetProperty("content").GetProperty("application/json");
            Assert.True(media.TryGetProperty("example", out var example) && example.ValueKind == JsonValueKind.Object, operation.Value.GetProperty("operationId").GetString());
        }
    }

    [Fact]
    public async Task What_info_lists_is_there()
    {
        var (_, info, _) = await gateway.SendAsync(HttpMethod.Get, "/info");
        var listed = info.GetProperty("endpoints").EnumerateArray().Select(e => e.GetString()!).Where(e => !e.Contains('{', StringComparison.Ordinal)).ToArray();
        Assert.Contains("/api/v1/openapi.json", listed);
        foreach (var path in listed)
            Assert.NotEqual(HttpStatusCode.NotFound, await SendAsync(HttpMethod.Head, path, GatewayServer.AdminKey));
    }

    private static string Concrete(string pattern) => pattern
        .Replace("{id}", "0190c0de-0000-7000-8000-000000000000", StringComparison.Ordinal)
        .Replace("{**id}", "offline%2Fextractive", StringComparison.Ordinal)
        .Replace("{name}", "memory", StringComparison.Ordinal)
        .Replace("{**name}", "nobody", StringComparison.Ordinal)
        .Replace("{view}", "daily_system_metrics", StringComparison.Ordinal)
        .Replace("{**file}", "app.js", StringComparison.Ordinal)
;

    private async Task<HttpStatusCode> SendAsync(HttpMethod method, string path, string? key)
    {
        using var client = gateway.Client(key);
        using var request = new HttpRequestMessage(method, path);
        if (method == HttpMethod.Post || method == HttpMethod.Put)
            request.Content = new StringContent("{}", null, "application/json");
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        return response.StatusCode;
    }
}
