using System.Text.Json;
using System.Text.Json.Serialization;

namespace OsMEN.Executions.Catalog;

[JsonSerializable(typeof(JsonElement))]
internal sealed partial class AgentJsonContext : JsonSerializerContext;
