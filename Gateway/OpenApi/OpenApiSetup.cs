using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace OsMEN.Gateway.OpenApi;

/// <summary>The API's description of itself, made from the endpoints' metadata.</summary>
internal static class OpenApiSetup
{
    private const string Document = "v1";
    private const string Bearer = "bearer";

    // One body for each operation that takes one: what a reader pastes first.
    private static readonly Dictionary<string, string> Examples = new(StringComparer.Ordinal)
    {
        ["StartExecution"] = """{"input":{"text":"Monday 09:00 design review. The fix must merge before noon."},"priority":5,"timeout":"2m","metadata":{"team":"ops"}}""",
        ["PutAgent"] = """{"description":"Answers in one sentence","instructions":"Answer in one sentence.","model":"openai/gpt-5-mini","limits":{"timeout":"1m"}}""",
        ["CreateKey"] = """{"name":"ci","role":"user","user":"ci@example.com","expires_in":"720h"}""",
    };

    public static void AddApiDescription(this IServiceCollection services) => services.AddOpenApi(Document, options =>
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "OsMEN", Version = Document, Description = "Runs agents. Every call needs a key: Authorization: Bearer osm_…" };
            document.Servers?.Clear();
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal);
            document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = Bearer };
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Bearer, document)] = [] }];
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, _, _) =>
        {
            if (operation.OperationId is { } id && Examples.TryGetValue(id, out var example))
            {
                foreach (var media in operation.RequestBody?.Content?.Values ?? [])
                    ((OpenApiMediaType)media).Example = JsonNode.Parse(example);
            }

            return Task.CompletedTask;
        });
    });

    public static void MapApiDescription(this IEndpointRouteBuilder app) => app.MapOpenApi("/api/{documentName}/openapi.json");
}
