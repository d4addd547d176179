using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Budgets;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Security;
using OsMEN.ServiceDefaults;

namespace OsMEN.Gateway.Mcp;

/// <summary>Agents as MCP tools: what there is, and a call, which starts an execution and answers its output.</summary>
internal sealed class AgentTools(
    AgentCatalog catalog, AgentAdmission budgets, ExecutionAcceptor acceptor, ExecutionCompletions completions, RequestMetrics metrics, ServiceIdentity service, TimeProvider time)
{
    /// <summary>Beside the result, under this name: the id to look it up by.</summary>
    public const string ExecutionId = "osmen/execution_id";

    private const string Input = "input";

    // A client that asked for progress hears this often from what takes long; connections stay open by it too.
    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromSeconds(5);

    public string Version => service.Version;

    public ListToolsResult List() => new() { Tools = [.. catalog.List().Select(ToTool)] };

    /// <exception cref="McpProtocolException">There is no such agent, or it is not told what to do.</exception>
    public async ValueTask<CallToolResult> CallAsync(RequestContext<CallToolRequestParams> call, ApiKey key, string requestId, CancellationToken cancellationToken)
    {
        var name = call.Params?.Name ?? "";
        if (await catalog.FindFreshAsync(name, cancellationToken) is not { } agent)
            throw new McpProtocolException("There is no such agent.", McpErrorCode.InvalidParams);
        if (call.Params?.Arguments is not { Count: 1 } arguments || !arguments.TryGetValue(Input, out var input)
            || input.ValueKind is not (JsonValueKind.String or JsonValueKind.Object) || !JsonFields.IsUnicode(input))
        {
            throw new McpProtocolException("The one argument is input: a text or an object.", McpErrorCode.InvalidParams);
        }

        var now = time.GetUtcNow();
        var asked = new NewExecution
        {
            Id = OrderedIds.New(now),
            Kind = ExecutionKind.Agent,
            Target = agent.Id,
            User = key.User,
            KeyId = key.Id,
            Input = input.GetRawText(),
            CreatedAt = now,
            MaxAttempts = agent.Limits.MaxAttempts,
            TraceParent = Activity.Current?.Id,
            RequestId = requestId,
        };
        if (await budgets.CheckAsync(agent, asked, cancellationToken) is { } refusal)
            return Failed(refusal.ToString());
        var accepted = await acceptor.AcceptAsync(asked, cancellationToken);
        if (accepted.Execution is not { } execution)
            return Failed("The queue is full; nothing was started. Try again later.");
        metrics.Accepted(ExecutionKind.Agent);
        return Result(await WaitAsync(call, execution, cancellationToken));
    }

    // A client that goes away does not cancel: its execution goes on and can be read by its id, as the protocol has it.
    private async Task<Execution> WaitAsync(RequestContext<CallToolRequestParams> call, Execution execution, CancellationToken cancellationToken)
    {
        var progress = call.Params?.ProgressToken;
        for (var period = 1; !execution.Status.IsFinal(); period++)
        {
            execution = await completions.WaitAsync(execution.Id, ProgressPeriod, cancellationToken) ?? execution;
            if (progress is { } token && !execution.Status.IsFinal())
            {
                var message = string.Create(CultureInfo.InvariantCulture, $"{execution.Status.ToWire()} (execution {execution.Id})");
                await call.Server.NotifyProgressAsync(token, new ProgressNotificationValue { Progress = period, Message = message }, cancellationToken: cancellationToken);
            }
        }

        return execution;
    }

    private static CallToolResult Result(Execution ended)
    {
        var result = ended.Status == ExecutionStatus.Completed
            ? Completed(ended.Output ?? "null")
            : Failed($"{ended.Target} ended as {ended.Status.ToWire()}{(ended.Error is { } error ? $": {error.Message}" : "")}");
        result.Meta = new JsonObject { [ExecutionId] = ended.Id.ToString() };
        return result;
    }

    private static CallToolResult Completed(string output)
    {
        using var json = JsonDocument.Parse(output);
        var root = json.RootElement;
        var isObject = root.ValueKind == JsonValueKind.Object;
        var text = isObject && root.TryGetProperty("text", out var said) && said.ValueKind == JsonValueKind.String ? said.GetString()!
            : root.ValueKind == JsonValueKind.String ? root.GetString()! : output;
        return new CallToolResult { Content = [new TextContentBlock { Text = text }], StructuredContent = isObject ? root.Clone() : null };
    }

    private static CallToolResult Failed(string why) => new() { Content = [new TextContentBlock { Text = why }], IsError = true };

    private static Tool ToTool(AgentDefinition agent) => new() { Name = agent.Id, Description = agent.Description, InputSchema = Schema(agent) };

    // An agent whose example is an object of its own takes objects; all others take a text.
    private static JsonElement Schema(AgentDefinition agent)
    {
        var example = agent.Example is { } text ? JsonNode.Parse(text) : null;
        var takesObject = example is JsonObject fields && !(fields.Count == 1 && fields.ContainsKey("text"));
        var input = new JsonObject { ["type"] = takesObject ? "object" : "string", ["description"] = "What the agent is to do, with all that it needs to know." };
        if (example is not null)
            input["examples"] = new JsonArray(takesObject ? example : JsonValue.Create((example as JsonObject)?["text"]?.ToString() ?? example.ToString()));
        var schema = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { [Input] = input }, ["required"] = new JsonArray(Input), ["additionalProperties"] = false };
        using var parsed = JsonDocument.Parse(schema.ToJsonString());
        return parsed.RootElement.Clone();
    }
}
