using System.Text.Json.Serialization;

namespace OsMEN.Gateway.Alerts;

/// <summary>What the alert tables hold as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(string))]
internal sealed partial class AlertJsonContext : JsonSerializerContext;
