using System.Text.Json.Serialization;

namespace OsMEN.Llm.Forwarding;

[JsonSerializable(typeof(string))]
internal sealed partial class ForwardJsonContext : JsonSerializerContext;
