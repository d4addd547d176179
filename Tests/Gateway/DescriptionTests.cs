using System.Net;
using System.Text.Json;

namespace OsMEN.Tests.Gateway;

/// <summary>The API's description of itself says what the API does.</summary>
public sealed class DescriptionTests(GatewayServer gateway) : IClassFixture<GatewayServer>
{
    // Of bodies, and of what stands in them: what is refused when it is left out.
    private static readonly Dictionary<string, string[]> Needed = new(StringComparer.Ordinal)
    {
        ["AcknowledgeRequest"] = [],
        ["BudgetBody"] = ["period", "limit_usd"],
        ["DecisionRequest"] = [],
        ["ExecutionRequest"] = ["input"],
        ["KeyChangeRequest"] = [],
        ["KeyRequest"] = ["name"],
        ["RecurrenceView"] = ["cron", "duration"],
        ["ScopeView"] = [],
        ["SilenceRequest"] = ["matchers", "comment"],
        ["UserRequest"] = ["disabled"],
    };

    [Fact]
    public async Task A_body_has_to_have_what_is_refused_without_it_and_no_more()
    {
        var document = await ReadAsync();
        var schemas = document.GetProperty("components").GetProperty("schemas");
        var bodies = Operations(document).Where(o => o.Operation.TryGetProperty("requestBody", out _))
            .Select(o => Media(o.Operation.GetProperty("requestBody"))).Select(m => (Name: Reference(m.GetProperty("schema")), Example: m.GetProperty("example")))
            .Where(b => b.Name != "RawJson").ToArray();
        Assert.Empty(bodies.Select(b => b.Name).Except(Needed.Keys, StringComparer.Ordinal));
        foreach (var (name, needed) in Needed)
            Assert.Equal((name, string.Join(' ', needed.Order(StringComparer.Ordinal))), (name, string.Join(' ', Required(schemas.GetProperty(name)).Order(StringComparer.Ordinal))));
        foreach (var (name, example) in bodies)
        {
            var given = example.EnumerateObject().Select(p => p.Name).ToArray();
            Assert.Equal((name, ""), (name, string.Join(' ', given.Except(schemas.GetProperty(name).GetProperty("properties").EnumerateObject().Select(p => p.Name), StringComparer.Ordinal))));
            Assert.Equal((name, ""), (name, string.Join(' ', Required(schemas.GetProperty(name)).Except(given, StringComparer.Ordinal))));
        }

        Assert.False(schemas.GetProperty("ExecutionRequest").GetProperty("properties").TryGetProperty("timeout_span", out _));
    }

    [Fact]
    public async Task A_number_is_never_described_as_a_text() =>
        Assert.DoesNotContain(
            Objects(await ReadAsync()).Where(o => o.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.Array).Select(o => o.GetProperty("type").EnumerateArray().Select(t => t.GetString()).ToArray()),
            types => types.Contains("string") && (types.Contains("integer") || types.Contains("number")));

    [Fact]
    public async Task Every_operation_tells_what_a_key_may_get_anywhere_in_the_form_that_it_gets()
    {
        foreach (var (path, operation) in Operations(await ReadAsync()))
        {
            var errors = operation.GetProperty("responses").EnumerateObject().Where(r => r.Name[0] is '4' or '5').ToArray();
            Assert.Empty(((string[])["401", "403", "429"]).Except(errors.Select(r => r.Name), StringComparer.Ordinal).Select(s => $"{path} {s}"));
            var form = path.StartsWith("/v1/", StringComparison.Ordinal) ? "application/json" : "application/problem+json";
            Assert.All(errors, e => Assert.Equal((path, e.Name, form), (path, e.Name, Assert.Single(e.Value.GetProperty("content").EnumerateObject()).Name)));
        }

        var (status, problem, _) = await gateway.SendAsync(HttpMethod.Get, "/api/v1/executions/none");
        Assert.Equal(HttpStatusCode.NotFound, status);
        var schemas = (await ReadAsync()).GetProperty("components").GetProperty("schemas");
        foreach (var name in (string[])["ProblemDetails", "HttpValidationProblemDetails"])
            Assert.Empty(problem.EnumerateObject().Select(p => p.Name).Except(schemas.GetProperty(name).GetProperty("properties").EnumerateObject().Select(p => p.Name), StringComparer.Ordinal));
    }

    [Fact]
    public async Task Headers_streams_and_both_ways_of_giving_a_key_are_described()
    {
        var document = await ReadAsync();
        var paths = document.GetProperty("paths");
        foreach (var kind in (string[])["agents", "commands", "workflows"])
            Assert.Equal(["Idempotency-Key"], Headers(paths.GetProperty($"/api/v1/{kind}/{{id}}/executions").GetProperty("post")));
        var events = paths.GetProperty("/api/v1/executions/{id}/events").GetProperty("get");
        Assert.Equal(["Last-Event-ID"], Headers(events));
        foreach (var (operation, also) in ((JsonElement, string)[])[
            (events, "text/event-stream"), (paths.GetProperty("/v1/chat/completions").GetProperty("post"), "text/event-stream"), (paths.GetProperty("/api/v1/usage").GetProperty("get"), "text/csv"),
        ])
            Assert.Equal(["application/json", also], operation.GetProperty("responses").GetProperty("200").GetProperty("content").EnumerateObject().Select(c => c.Name));
        Assert.Equal(["bearer", "header"], document.GetProperty("security").EnumerateArray().Select(s => Assert.Single(s.EnumerateObject()).Name));
        Assert.Equal("""{"type":"apiKey","name":"X-Api-Key","in":"header"}""", document.GetProperty("components").GetProperty("securitySchemes").GetProperty("header").GetRawText().Replace(" ", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal));

        static IEnumerable<string?> Headers(JsonElement operation) =>
            operation.GetProperty("parameters").EnumerateArray().Where(p => p.GetProperty("in").GetString() == "header").Select(p => p.GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_description_of_another_version_is_not_found_as_anything_else_is()
    {
        var (status, problem, _) = await gateway.SendAsync(HttpMethod.Get, "/api/v2/openapi.json");
        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.True(problem.TryGetProperty("traceId", out _), problem.GetRawText());
    }

    private async Task<JsonElement> ReadAsync() => (await gateway.SendAsync(HttpMethod.Get, "/api/v1/openapi.json")).Body;

    private static IEnumerable<(string Path, JsonElement Operation)> Operations(JsonElement document) =>
        document.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject().Select(o => (p.Name, o.Value)));

    private static JsonElement Media(JsonElement body) => body.GetProperty("content").GetProperty("application/json");

    private static string Reference(JsonElement schema) => schema.GetProperty("$ref").GetString()!.Split('/')[^1];

    private static IEnumerable<string> Required(JsonElement schema) => schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(n => n.GetString()!) : [];

    private static IEnumerable<JsonElement> Objects(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(p => Objects(p.Value)).Prepend(element),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Objects),
        _ => [],
    };
}
