using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using OsMEN.Gateway.Queries;
using Scalar.AspNetCore;

namespace OsMEN.Gateway.OpenApi;

/// <summary>The API's description of itself, made from the endpoints' metadata.</summary>
internal static class OpenApiSetup
{
    private const string Document = "v1";
    private const string Path = $"/api/{Document}/openapi.json";
    private const string Bearer = "bearer";
    private const string Header = "header";

    // One body for each operation that takes one: what a reader pastes first.
    private static readonly Dictionary<string, string> Examples = new(StringComparer.Ordinal)
    {
        ["StartExecution"] = """{"input":{"text":"Monday 09:00 design review. The fix must merge before noon."},"priority":5,"timeout":"2m","metadata":{"team":"ops"}}""",
        ["StartCommand"] = """{"input":{"message":"Last month three lines were missing from the invoice export.","tone":"formal"}}""",
        ["StartWorkflow"] = """{"input":{"diff":"-    try { await pump(channel); } finally { await channel.close(); }\n+    await pump(channel);\n+    await channel.close();"},"timeout":"30m"}""",
        ["Approve"] = """{"step":"send","approved":true,"comment":"Read and fine"}""",
        ["PutAgent"] = """{"description":"Answers in one sentence","instructions":"Answer in one sentence.","model":"openai/gpt-5-mini","limits":{"timeout":"1m"}}""",
        ["CreateChatCompletion"] = """{"model":"agent/daily_brief","messages":[{"role":"user","content":"Monday 09:00 design review."}],"stream":true,"stream_options":{"include_usage":true}}""",
        ["CreateEmbedding"] = """{"model":"openai/text-embedding-3-small","input":"Monday 09:00 design review."}""",
        ["AcknowledgeAlert"] = """{"note":"Looking into it"}""",
        ["CreateSilence"] = """{"matchers":{"alertname":"HighRequestLatency","severity":["info","warning"]},"duration":"2h","comment":"Load test"}""",
        ["PutAlertRule"] = """{"summary":"{value} executions wait","description":"{value} executions that are due have no worker, more than {threshold}, for {for}.","metric":"task_queue_size","shared":true,"threshold":5000,"for":"5m","severity":"critical","enabled":true}""",
        ["PutPrices"] = """{"openai/my-model*":{"input_cost_per_token":2.5e-6,"output_cost_per_token":1e-5},"^openai/gpt-6(-mini)?$":{"input_cost_per_token":2e-6,"output_cost_per_token":8e-6,"effective_from":"2030-01-01"},"openai/old":null}""",
        ["PutBudget"] = """{"scope":{"agent":"daily_brief"},"period":"day","time_zone":"Europe/Berlin","limit_usd":5,"alert_at":[0.85,0.95]}""",
        ["ChangeKey"] = """{"role":"viewer","expires_at":"2030-01-31T08:00:00Z"}""",
        ["PutUser"] = """{"disabled":true}""",
        ["CreateKey"] = """{"name":"ci","role":"user","user":"ci@example.com","expires_in":"720h"}""",
    };

    // And what comes back where the schema cannot tell: its fields depend on what is asked for.
    private static readonly Dictionary<string, string> AnswerExamples = new(StringComparer.Ordinal)
    {
        ["GetPrices"] = """{"openai/gpt-4o":{"input_cost_per_token":2.5e-6,"output_cost_per_token":1e-5,"cache_read_input_token_cost":1.25e-6}}""",
        ["PutPrices"] = """{"openai/my-model*":{"input_cost_per_token":2.5e-6,"output_cost_per_token":1e-5}}""",
        ["ReadUsage"] = """
            {"items":[{"agent":"daily_brief","executions":120,"tokens":{"input":81000,"output":3210,"cached_input":40960,"cache_write":0,"reasoning":800},"cost_usd":0.412305,
            "unpriced_tokens":0,"estimated_tokens":0,"revenue_usd":6,"margin_usd":5.587695}],"next_cursor":null}
            """,
        ["ReadAnalytics"] = """
            {"items":[{"agent_name":"daily_brief","total_executions":120,"successful":114,"failed":4,"success_rate":0.966,"avg_execution_time":1.84,
            "p95_execution_time":4.1,"total_tokens":84210,"total_cost":0.412305},{"agent_name":"inbox_triage","total_executions":3,"successful":0,"failed":0,
            "success_rate":null,"avg_execution_time":null,"p95_execution_time":null,"total_tokens":0,"total_cost":0}],"next_cursor":null}
            """,
    };

    public static void AddApiDescription(this IServiceCollection services) => services.AddOpenApi(Document, options =>
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "OsMEN", Version = Document, Description = "Runs agents. Every call needs a key: Authorization: Bearer osm_… or X-Api-Key." };
            document.Servers?.Clear();
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal);
            document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = Bearer };
            document.Components.SecuritySchemes[Header] = new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = "X-Api-Key" };
            document.Security = [Either(Bearer), Either(Header)];
            return Task.CompletedTask;

            OpenApiSecurityRequirement Either(string scheme) => new() { [new OpenApiSecuritySchemeReference(scheme, document)] = [] };
        });
        options.DescribeQueries();
        options.AddOperationTransformer((operation, _, _) =>
        {
            if (operation.OperationId is { } id && Examples.TryGetValue(id, out var example))
            {
                foreach (var media in operation.RequestBody?.Content?.Values ?? [])
                    ((OpenApiMediaType)media).Example = JsonNode.Parse(example);
            }

            if (operation.OperationId is { } name && AnswerExamples.TryGetValue(name, out var answer) && operation.Responses?.TryGetValue("200", out var response) == true)
            {
                foreach (var media in response.Content?.Values ?? [])
                    ((OpenApiMediaType)media).Example = JsonNode.Parse(answer);
            }

            return Task.CompletedTask;
        });
        options.DescribeEndpoints();
    });

    /// <summary>Maps the document and, in Development, a page that shows it and can try its operations.</summary>
    public static void MapApiDescription(this WebApplication app)
    {
        app.MapOpenApi(Path);
        if (app.Environment.IsDevelopment())
            app.MapScalarApiReference("/scalar", ConfigurePage);
    }

    // Everything comes from the gateway: no fonts, scripts or telemetry of Scalar's own servers, and nothing is sent through its proxy.
    private static void ConfigurePage(ScalarOptions page, HttpContext context)
    {
        var nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        context.Response.Headers.ContentSecurityPolicy =
            $"default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        page.Nonce = nonce;
        page.Title = "OsMEN API";
        page.OpenApiRoutePattern = Path;
        page.DefaultFonts = false;
        page.Telemetry = false;
        page.HideClientButton = true;
        page.ShowDeveloperTools = DeveloperToolsVisibility.Never;
        page.DisableAgent().DisableMcp();
    }
}
