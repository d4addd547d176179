using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using OsMEN.AgentWorker;
using OsMEN.ServiceDefaults.Metrics;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Gateway.OpenAI;

/// <summary>The gateway and a worker over one store, with a model server that answers what the test has scripted.</summary>
public sealed class OpenAIServer : IAsyncLifetime
{
    private WebApplication? _worker;

    internal GatewayServer Gateway { get; private set; } = null!;

    internal ScriptedModelServer Models { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Models = await ScriptedModelServer.StartAsync();
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["OPENAI_API_KEY"] = "sk-secret-key-of-the-tests",
            ["OPENAI_BASE_URL"] = new Uri(Models.Address, "/v1").ToString(),
            ["ANTHROPIC_API_KEY"] = "sk-secret-key-of-the-tests",
            ["ANTHROPIC_BASE_URL"] = Models.Address.ToString(),
            ["LLM_MAX_RETRIES"] = "1",
            ["LLM_IDLE_TIMEOUT"] = "10s",
            ["MAX_REQUEST_BODY_BYTES"] = "65536",
        };
        Gateway = new GatewayServer(settings);
        await Gateway.InitializeAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(settings!).AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ConnectionStrings:osmen"] = Gateway.ConnectionString,
            ["ConnectionStrings:redis"] = "127.0.0.1:1,connectTimeout=200",
            ["CATALOG_PATH"] = Path.Combine(AppContext.BaseDirectory, "catalog"),
            ["METRICS_PREFIX"] = "openai_tests_",
            ["Executions:PollInterval"] = "00:00:00.020",
            ["Executions:RetryDelay"] = "00:00:00.010",
            ["urls"] = "http://127.0.0.1:0",
            ["LOG_LEVEL"] = "CRITICAL",
        });
        builder.AddWorker();
        _worker = builder.Build();
        Instruments.Make(_worker.Services);
        await _worker.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_worker is not null)
        {
            await _worker.StopAsync();
            await _worker.DisposeAsync();
        }

        await Gateway.DisposeAsync();
        await Models.DisposeAsync();
    }

    internal Task<(HttpStatusCode Status, JsonElement Body, HttpResponseMessage Response)> ChatAsync(string body, string? key = "osm_admin_0123456789abcdef") =>
        Gateway.SendAsync(HttpMethod.Post, "/v1/chat/completions", body, key);

    /// <summary>The data of each event, as it came.</summary>
    internal async Task<List<string>> StreamAsync(string body)
    {
        using var client = Gateway.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, null, "application/json") };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(e => e.StartsWith("data: ", StringComparison.Ordinal)).Select(e => e[6..])];
    }

    /// <summary>The newest rows of calls without an execution, once there are that many.</summary>
    internal async Task<List<string>> CallsAsync(string user, int count)
    {
        var store = await TestStore.SqliteAsync(Gateway.ConnectionString);
        var rows = new List<string>();
        await Programs.UntilAsync(
            async () =>
            {
                var all = await DirectCalls.ReadAsync(store, "user_id, platform, model, status, error, input_tokens, output_tokens, cached_tokens, reasoning_tokens, estimated, cost_nano");
                rows = [.. all.Where(r => r.StartsWith(user + ",", StringComparison.Ordinal))];
                return rows.Count >= count;
            },
            $"{count} calls of {user} are written");
        return rows;
    }
}
