using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Security;
using OsMEN.ServiceDefaults;

namespace OsMEN.Gateway.Mcp;

/// <summary>
/// The agents as tools of an MCP server: streamable HTTP without sessions, so any gateway answers any request. It needs a key that may
/// run agents, in the headers that the REST API takes it in. https://modelcontextprotocol.io/specification
/// </summary>
internal static class McpApi
{
    public static void MapMcpApi(this IEndpointRouteBuilder app) =>
        app.MapPost("/mcp", PostAsync).RequireAuthorization(Policies.Run).ExcludeFromDescription();

    private static async Task<IResult> PostAsync(HttpContext context, RequestBody requestBody, AgentTools agents, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var (document, problem) = await requestBody.ReadJsonAsync(context.Request, cancellationToken);
        if (document is null)
            return problem!;
        using var body = document;
        JsonRpcMessage message;
        try
        {
            message = body.Deserialize(McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage))) as JsonRpcMessage ?? throw new JsonException();
        }
        catch (JsonException)
        {
            return ProblemResponse.Invalid("", "is no JSON-RPC message");
        }

        var key = ApiKeyAuthentication.KeyOf(context);
        var requestId = context.TraceIdentifier;
        var options = new McpServerOptions
        {
            ServerInfo = new Implementation { Name = ServiceIdentity.Solution, Title = $"{ServiceIdentity.Solution} agents", Version = agents.Version },
            ServerInstructions = "Each tool is an agent: it takes what it is to do as input and answers when it has finished, which may take minutes.",
            ScopeRequests = false,
            Handlers = new McpServerHandlers
            {
                ListToolsHandler = (_, _) => new ValueTask<ListToolsResult>(agents.List()),
                CallToolHandler = (call, token) => agents.CallAsync(call, key, requestId, token),
            },
        };
        await using var transport = new StreamableHttpServerTransport(loggers) { Stateless = true, FlowExecutionContextFromRequests = true };
        await using var server = McpServer.Create(transport, options, loggers, context.RequestServices);
        var running = server.RunAsync(cancellationToken);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache, no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        var answered = await transport.HandlePostRequestAsync(message, context.Response.Body, cancellationToken);
        await transport.DisposeAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (answered)
            return Results.Empty;

        // A notification has no answer.
        context.Response.ContentType = null;
        return TypedResults.StatusCode(StatusCodes.Status202Accepted);
    }
}
