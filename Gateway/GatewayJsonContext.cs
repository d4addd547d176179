using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;
using OsMEN.Gateway.Dashboard;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Info;
using OsMEN.Gateway.Security;
using OsMEN.Gateway.Usage;

namespace OsMEN.Gateway;

/// <summary>All that the API reads and writes as JSON, without reflection.</summary>
[JsonSerializable(typeof(ConfigView))]
[JsonSerializable(typeof(ExecutionRequest))]
[JsonSerializable(typeof(ExecutionView))]
[JsonSerializable(typeof(HttpValidationProblemDetails))]
[JsonSerializable(typeof(InfoView))]
[JsonSerializable(typeof(KeyRequest))]
[JsonSerializable(typeof(KeyView))]
[JsonSerializable(typeof(Page<BoardView>))]
[JsonSerializable(typeof(Page<ExecutionView>))]
[JsonSerializable(typeof(Page<KeyView>))]
[JsonSerializable(typeof(Page<RawJson>))]
[JsonSerializable(typeof(PerformanceView))]
[JsonSerializable(typeof(ProblemDetails))]
[JsonSerializable(typeof(ProjectionView))]
[JsonSerializable(typeof(RawJson))]
[JsonSerializable(typeof(string))]
internal sealed partial class GatewayJsonContext : JsonSerializerContext
{
    /// <summary>Makes these types, with names in snake case, what the endpoints write.</summary>
    public static void Apply(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;

        // Answers are never put into HTML: other scripts' letters stay as they are.
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.TypeInfoResolverChain.Insert(0, Default);
    }
}
