using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using OsMEN.AppHost.Running;

namespace OsMEN.AppHost.Commands;

/// <summary>Commands of the gateway in Aspire's dashboard, and for <c>aspire resource gateway …</c>.</summary>
internal static class GatewayCommands
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(2);

    /// <summary>Adds commands that run an agent, send a test notification and import prices.</summary>
    public static IResourceBuilder<ProjectResource> WithGatewayCommands(
        this IResourceBuilder<ProjectResource> gateway, IResourceBuilder<ParameterResource> adminKey, IResourceBuilder<IResourceWithConnectionString> database) =>
        gateway
            .WithCommand("run-agent", "Run an agent", context => WithClientAsync(gateway, adminKey, context, RunAgentAsync), new CommandOptions
            {
                Description = "Runs an agent of the catalog, with its example or with your text, and shows the execution.",
                IconName = "Play",
                IsHighlighted = true,
                UpdateState = WhenHealthy,
                Arguments =
                [
                    new() { Name = "agent", Label = "Agent", InputType = InputType.Text, Value = "daily_brief", Required = true, Description = "The agent's id." },
                    new() { Name = "text", Label = "Input", InputType = InputType.Text, Description = "The input text. Empty: the agent's own example." },
                ],
            })
            .WithCommand("test-notification", "Send a test notification", context => WithClientAsync(gateway, adminKey, context, TestNotificationAsync), new CommandOptions
            {
                Description = "Sends a test alert through a channel of monitoring/alerts.yaml.",
                IconName = "Alert",
                UpdateState = WhenHealthy,
                Arguments = [new() { Name = "channel", Label = "Channel", InputType = InputType.Text, Required = true, Description = "The channel's name." }],
            })
            .WithProcessCommand("import-prices", "Import model prices", ImportPrices(database.Resource), new ProcessCommandOptions
            {
                Description = "Merges a price file in LiteLLM's format into the database.",
                IconName = "Money",
                UpdateState = WhenHealthy,
                Arguments = [new() { Name = "source", Label = "File or https address", InputType = InputType.Text, Required = true }],
            });

    internal static ResourceCommandState WhenHealthy(UpdateCommandStateContext context) =>
        context.ResourceSnapshot.HealthStatus == Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Healthy ? ResourceCommandState.Enabled : ResourceCommandState.Disabled;

    private static async Task<ExecuteCommandResult> RunAgentAsync(HttpClient http, InteractionInputCollection arguments, CancellationToken cancellationToken)
    {
        var agent = Uri.EscapeDataString(arguments.GetString("agent") ?? "");
        JsonNode? input = arguments.GetString("text") is { Length: > 0 } text ? text : null;
        if (input is null)
        {
            using var found = await http.GetAsync(new Uri($"/api/v1/agents/{agent}", UriKind.Relative), cancellationToken);
            var body = await found.Content.ReadAsStringAsync(cancellationToken);
            if (!found.IsSuccessStatusCode)
                return CommandResults.Failure($"The gateway answers {(int)found.StatusCode}.", body, CommandResultFormat.Json);
            input = JsonNode.Parse(body)?["example"]?.DeepClone();
            if (input is null)
                return CommandResults.Failure($"The agent {agent} has no example. Give it an input.");
        }

        using var content = new StringContent(new JsonObject { ["input"] = input }.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(new Uri($"/api/v1/agents/{agent}/executions?wait=60s", UriKind.Relative), content, cancellationToken);
        var execution = await response.Content.ReadAsStringAsync(cancellationToken);
        return response.IsSuccessStatusCode
            ? CommandResults.Success($"{agent}: {JsonNode.Parse(execution)?["status"]}", execution, CommandResultFormat.Json, displayImmediately: true)
            : CommandResults.Failure($"The gateway answers {(int)response.StatusCode}.", execution, CommandResultFormat.Json);
    }

    private static async Task<ExecuteCommandResult> TestNotificationAsync(HttpClient http, InteractionInputCollection arguments, CancellationToken cancellationToken)
    {
        var channel = arguments.GetString("channel") ?? "";
        using var response = await http.PostAsync(new Uri($"/alerts/channels/{Uri.EscapeDataString(channel)}/test", UriKind.Relative), null, cancellationToken);
        if (response.IsSuccessStatusCode)
            return CommandResults.Success($"The channel {channel} took the test notification.");
        var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
        return CommandResults.Failure($"{problem?["detail"] ?? problem?["title"]}");
    }

    private static Func<ExecuteCommandContext, ValueTask<ProcessCommandSpec>> ImportPrices(IResourceWithConnectionString database) => async context => new("dotnet")
    {
        Arguments = [CompiledProjects.OutputOf("Gateway"), "import-prices", context.Arguments.GetString("source") ?? ""],
        EnvironmentVariables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [$"ConnectionStrings__{database.Name}"] = await database.GetConnectionStringAsync(context.CancellationToken) ?? "",
        },
    };

    private static async Task<ExecuteCommandResult> WithClientAsync(
        IResourceBuilder<ProjectResource> gateway,
        IResourceBuilder<ParameterResource> adminKey,
        ExecuteCommandContext context,
        Func<HttpClient, InteractionInputCollection, CancellationToken, Task<ExecuteCommandResult>> command)
    {
        using var http = new HttpClient { BaseAddress = new Uri(gateway.GetEndpoint("http").Url), Timeout = TimeLimit };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await AdminKey.ReadAsync(adminKey.Resource, context.CancellationToken));
        try
        {
            return await command(http, context.Arguments, context.CancellationToken);
        }
        catch (HttpRequestException e)
        {
            return CommandResults.Failure($"The gateway cannot be reached: {e.Message}");
        }
    }
}
