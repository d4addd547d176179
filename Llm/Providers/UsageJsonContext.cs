using System.Text.Json;
using System.Text.Json.Serialization;

namespace OsMEN.Llm.Providers;

[JsonSerializable(typeof(Dictionary<string, JsonElement>))]
internal sealed partial class UsageJsonContext : JsonSerializerContext;
