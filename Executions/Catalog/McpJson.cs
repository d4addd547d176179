using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OsMEN.Executions.Catalog;

/// <summary>The field <c>mcp</c> of an agent: reading, rules, writing.</summary>
internal static partial class McpJson
{
    private const int MaxServers = 10;
    private const int MaxAllowed = 100;
    private const int MaxToolName = 64;

    public static IReadOnlyList<McpServerDefinition> Read(JsonElement value, List<FieldError> errors)
    {
        if (value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            return [];
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > MaxServers)
        {
            errors.Add(new("mcp", string.Create(CultureInfo.InvariantCulture, $"must be a list of at most {MaxServers} servers")));
            return [];
        }

        var servers = new List<McpServerDefinition>();
        foreach (var item in value.EnumerateArray())
        {
            var prefix = string.Create(CultureInfo.InvariantCulture, $"mcp[{servers.Count}].");
            var fields = new JsonFields(item, prefix, errors);
            servers.Add(new McpServerDefinition
            {
                Name = fields.Text("name") ?? "",
                Command = fields.Texts("command"),
                Url = fields.Text("url"),
                Allow = fields.Texts("allow"),
                Timeout = fields.Duration("timeout") ?? TimeSpan.FromSeconds(60),
                Environment = fields.Texts("environment"),
            });
            fields.RefuseOthers();
        }

        return servers;
    }

    public static void Check(AgentDefinition agent, Action<bool, string, string> check)
    {
        check(agent.Type == AgentType.Llm || agent.Mcp.Count == 0, "mcp", "is for llm agents only");
        for (var i = 0; i < agent.Mcp.Count; i++)
        {
            var server = agent.Mcp[i];
            var at = string.Create(CultureInfo.InvariantCulture, $"mcp[{i}].");
            var isFile = agent.Folder is not null;
            check(NamePattern().IsMatch(server.Name) && !server.Name.Contains("__", StringComparison.Ordinal), at + "name", "must be 1 to 32 of a-z, 0-9, _ and -, without two _ together or one at the end");
            check(agent.Mcp.Take(i).All(s => s.Name != server.Name), at + "name", "is there twice");
            check(server.Command.Count == 0 != server.Url is null, at + "url", "either url or command is required, not both");
            check(server.Command.Count == 0 || isFile, at + "command", "comes from files only: it runs a program on the worker");
            check(server.Command.Count <= 64 && server.Command.All(c => c.Length <= 4096 && !c.Contains('\0')) && server.Command is not ["", ..], at + "command", "must be at most 64 texts without NUL, at most 4096 characters each");
            check(server.Url is null || (Uri.TryCreate(server.Url, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0), at + "url", "must be an http or https address without a user name");
            check(server.Allow.Count is > 0 and <= MaxAllowed && server.Allow.All(t => ToolPattern().IsMatch(t)), at + "allow", "must name the tools that the agent may call: 1 to 100 names of letters, digits, _, - and .");
            check(server.Allow.All(t => server.ToolName(t).Length <= MaxToolName), at + "allow", string.Create(CultureInfo.InvariantCulture, $"must have names that with {server.Name}__ are at most {MaxToolName} characters, which is what providers take"));
            check(server.Allow.Select(server.ToolName).Distinct(StringComparer.Ordinal).Count() == server.Allow.Count, at + "allow", "names a tool twice");
            check(server.Timeout >= TimeSpan.FromSeconds(1) && server.Timeout <= TimeSpan.FromHours(1), at + "timeout", "must be 1s to 1h");
            check(server.Environment.Count == 0 || isFile, at + "environment", "comes from files only: it names variables of the worker");
            check(server.Environment.Count <= (server.Url is null ? 64 : 1) && server.Environment.All(AgentValidation.IsVariable), at + "environment", "must be names of variables: at most 64, with a url at most one, its bearer token");
        }
    }

    public static void Write(Utf8JsonWriter writer, IReadOnlyList<McpServerDefinition> servers)
    {
        if (servers.Count == 0)
            return;
        writer.WriteStartArray("mcp");
        foreach (var server in servers)
        {
            writer.WriteStartObject();
            writer.WriteString("name", server.Name);
            AgentJson.WriteTexts(writer, "command", server.Command);
            if (server.Url is { } url)
                writer.WriteString("url", url);
            AgentJson.WriteTexts(writer, "allow", server.Allow);
            writer.WriteString("timeout", DurationText.Format(server.Timeout));
            AgentJson.WriteTexts(writer, "environment", server.Environment);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    [GeneratedRegex(@"^[a-z0-9]([a-z0-9_-]{0,30}[a-z0-9-])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"^[A-Za-z0-9_.-]{1,128}\z", RegexOptions.CultureInvariant)]
    private static partial Regex ToolPattern();
}
