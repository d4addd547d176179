using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Info;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway;

/// <summary>All that the API reads and writes as JSON, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ExecutionRequest))]
[JsonSerializable(typeof(ExecutionView))]
[JsonSerializable(typeof(HttpValidationProblemDetails))]
[JsonSerializable(typeof(InfoView))]
[JsonSerializable(typeof(KeyRequest))]
[JsonSerializable(typeof(KeyView))]
[JsonSerializable(typeof(Page<ExecutionView>))]
[JsonSerializable(typeof(Page<KeyView>))]
[JsonSerializable(typeof(Page<RawJson>))]
[JsonSerializable(typeof(ProblemDetails))]
[JsonSerializable(typeof(RawJson))]
[JsonSerializable(typeof(string))]
internal sealed partial class GatewayJsonContext : JsonSerializerContext;
