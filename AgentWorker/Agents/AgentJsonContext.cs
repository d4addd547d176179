using System.Text.Json;
using System.Text.Json.Serialization;

namespace OsMEN.AgentWorker.Agents;

[JsonSerializable(typeof(JsonElement))]
internal sealed partial class AgentJsonContext : JsonSerializerContext;
