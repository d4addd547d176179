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

/// <summary>Lists agents as MCP tools. A call starts an execution, waits for it to finish and returns its output.</summary>
internal sealed partial class AgentTools(
    AgentCatalog catalog, AgentAdmission budgets, ExecutionAcceptor acceptor, ExecutionCompletions completions, RequestMetrics metrics, TimeProvider time,
    ILogger<AgentTools> logger)
{
    /// <summary>The name of the execution's id in a result's <c>_meta</c>.</summary>
    public const string ExecutionId = "osmen/execution_id";

    private const string Input = "input";

    // How often a client that asks for progress is notified. It also keeps proxies from closing an idle connection.
    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromSeconds(5);

    public ListToolsResult List() => new() { Tools = [.. catalog.List().Select(ToTool)] };

    /// <summary>Runs an agent. What the model can correct or should know is a result with <c>isError</c>, as the protocol asks for.</summary>
    /// <exception cref="McpProtocolException">There is no such agent.</exception>
    public async ValueTask<CallToolResult> CallAsync(RequestContext<CallToolRequestParams> call, ApiKey key, string requestId, CancellationToken cancellationToken)
    {
        Execution? execution = null;
        try
        {
            var name = call.Params?.Name ?? "";
            if (await catalog.FindFreshAsync(name, cancellationToken) is not { } agent)
                throw new McpProtocolException($"There is no agent '{name}'. tools/list names those that there are.", McpErrorCode.InvalidParams);
            if (call.Params?.Arguments is not { Count: 1 } arguments || !arguments.TryGetValue(Input, out var input) || input.ValueKind is not (JsonValueKind.String or JsonValueKind.Object))
                return Failed($"The arguments are not valid; nothing was started. Pass exactly one, '{Input}': a string or an object.");

            var asked = Ask(agent, input, key, requestId);
            if (await budgets.CheckAsync(agent, asked, cancellationToken) is { } refusal)
                return Failed(refusal.ToString());
            if ((execution = (await acceptor.AcceptAsync(asked, cancellationToken)).Execution) is null)
                return Failed("The queue is full; nothing was started. Try again later.");
            metrics.Accepted(ExecutionKind.Agent);
            return Result(await WaitAsync(call, execution, cancellationToken));
        }
        catch (Exception e) when (StoreFault.Is(e))
        {
            LogUnavailable(logger, e);
            return execution is null
                ? Failed("The database does not answer, so the agent may not have been started. Try again later.")
                : Failed($"The database does not answer. Execution {execution.Id} was accepted and goes on; its result can be read later.", execution.Id);
        }
    }

    private NewExecution Ask(AgentDefinition agent, JsonElement input, ApiKey key, string requestId)
    {
        var now = time.GetUtcNow();
        return new NewExecution
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
    }

    // A client that disconnects does not cancel its execution: it runs on and can be read by its id.
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
        if (ended.Status != ExecutionStatus.Completed)
            return Failed($"{ended.Target} ended as {ended.Status.ToWire()}{(ended.Error is { } error ? $": {error.Message}" : "")}", ended.Id);
        var result = Completed(ended.Output ?? "null");
        result.Meta = MetaOf(ended.Id);
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

    private static CallToolResult Failed(string why, Guid? execution = null) =>
        new() { Content = [new TextContentBlock { Text = why }], IsError = true, Meta = execution is { } id ? MetaOf(id) : null };

    private static JsonObject MetaOf(Guid execution) => new() { [ExecutionId] = execution.ToString() };

    private static Tool ToTool(AgentDefinition agent) => new() { Name = agent.Id, Description = agent.Description, InputSchema = Schema(agent) };

    // An agent whose example is an object, other than one with just a text, takes objects. All others take a string.
    private static JsonElement Schema(AgentDefinition agent)
    {
        var example = agent.Example is { } text ? JsonNode.Parse(text) : null;
        var takesObject = example is JsonObject fields && !(fields.Count == 1 && fields.ContainsKey("text"));
        var input = new JsonObject { ["type"] = takesObject ? "object" : "string", ["description"] = "The task, with everything that the agent needs to know." };
        if (example is not null)
            input["examples"] = new JsonArray(takesObject ? example : JsonValue.Create((example as JsonObject)?["text"]?.ToString() ?? example.ToString()));
        var schema = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { [Input] = input }, ["required"] = new JsonArray(Input), ["additionalProperties"] = false };
        using var parsed = JsonDocument.Parse(schema.ToJsonString());
        return parsed.RootElement.Clone();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A call of an agent over MCP failed because the database does not answer")]
    private static partial void LogUnavailable(ILogger logger, Exception e);
}
