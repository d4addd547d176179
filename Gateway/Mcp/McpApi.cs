using System.Runtime.InteropServices;
using ModelContextProtocol.AspNetCore;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Security;
using OsMEN.ServiceDefaults;

namespace OsMEN.Gateway.Mcp;

/// <summary>
/// The agents as tools of an MCP server. Its streamable HTTP transport is stateless, so any gateway answers any request. Callers need a key
/// that may run agents, in the headers that the REST API takes it in. https://modelcontextprotocol.io/specification
/// </summary>
internal static class McpApi
{
    public static void AddMcp(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<AgentTools>();
        builder.Services.AddMcpServer().WithHttpTransport(http =>
        {
            http.SessionMode = HttpServerSessionMode.Stateless;
            http.ConfigureSessionOptions = ConfigureAsync;
        });
    }

    public static void MapMcpApi(this IEndpointRouteBuilder app) =>
        app.MapMcp("/mcp").RequireAuthorization(Policies.Run).AddEndpointFilter(CheckBodyAsync).ExcludeFromDescription();

    // Called for every request: without sessions, each has a server of its own.
    private static Task ConfigureAsync(HttpContext context, McpServerOptions options, CancellationToken cancellationToken)
    {
        var agents = context.RequestServices.GetRequiredService<AgentTools>();
        var service = context.RequestServices.GetRequiredService<ServiceIdentity>();
        options.ServerInfo = new Implementation { Name = ServiceIdentity.Solution, Title = $"{ServiceIdentity.Solution} agents", Version = service.Version };
        options.ServerInstructions = "Each tool is an agent. It takes its task as input and answers when it has finished, which may take minutes.";
        options.Handlers.ListToolsHandler = (_, _) => new ValueTask<ListToolsResult>(agents.List());
        options.Handlers.CallToolHandler = (call, token) => agents.CallAsync(call, ApiKeyAuthentication.KeyOf(context), context.TraceIdentifier, token);
        return Task.CompletedTask;
    }

    // The SDK reads a body of any size, takes the last of two equal names, and answers "An error occurred" to half of a surrogate pair and
    // 500 to a body without a content type.
    private static async ValueTask<object?> CheckBodyAsync(EndpointFilterInvocationContext call, EndpointFilterDelegate next)
    {
        var context = call.HttpContext;
        var (document, problem) = await context.RequestServices.GetRequiredService<RequestBody>().ReadJsonAsync(context.Request, context.RequestAborted);
        if (document is null)
            return problem;
        using (document)
        {
            if (!JsonFields.IsUnicode(document.RootElement))
                return ProblemResponse.Invalid("", "contains text that is not valid Unicode: half of a surrogate pair");
            context.Request.Body = new MemoryStream(JsonMarshal.GetRawUtf8Value(document.RootElement).ToArray());
        }

        return await next(call);
    }
}
