using System.Text.Json.Serialization;
using OsMEN.Gateway.Alerts.Notices;
using OsMEN.Gateway.Alerts.State;

namespace OsMEN.Gateway.Alerts;

/// <summary>What the alert tables hold as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(Notice))]
[JsonSerializable(typeof(NoticeGroup))]
[JsonSerializable(typeof(Recurrence))]
[JsonSerializable(typeof(string))]
internal sealed partial class AlertJsonContext : JsonSerializerContext;
