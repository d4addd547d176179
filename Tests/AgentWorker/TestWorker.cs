using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.AgentWorker;
using OsMEN.AgentWorker.Agents;
using OsMEN.Executions.Catalog;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Tests.AgentWorker;

/// <summary>A whole worker in this process, without Redis, whose llm agents do what the test says. Stops as SIGTERM does.</summary>
internal sealed class TestWorker(WebApplication app) : IAsyncDisposable
{
    /// <summary>What its metrics' names begin with.</summary>
    public const string Prefix = "worker_tests_";

    public static async Task<TestWorker> StartAsync(
        string database, Func<AgentRun, CancellationToken, Task<AgentOutcome>> agent, int slots = 8, string? catalog = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ConnectionStrings:osmen"] = database,
            ["ConnectionStrings:redis"] = "127.0.0.1:1,connectTimeout=200",
            ["CATALOG_PATH"] = catalog ?? Path.Combine(AppContext.BaseDirectory, "catalog"),
            ["METRICS_PREFIX"] = Prefix,
            // A third of it is the time between heartbeats, which tell of cancelling; all of it a stall that takes no execution away.
            ["Executions:Lease"] = "00:00:12",
            ["Executions:PollInterval"] = "00:00:00.020",
            ["Executions:RetryDelay"] = "00:00:00.010",
            ["Worker:Slots"] = slots.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["Worker:DrainTimeout"] = "00:00:00.500",
            ["urls"] = "http://127.0.0.1:0",
            ["LOG_LEVEL"] = "ERROR",
        });
        builder.AddWorker();
        builder.Services.AddSingleton<IAgentRunner>(new Runner(agent));
        var app = builder.Build();
        Instruments.Make(app.Services);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new TestWorker(app);
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
    }

    private sealed class Runner(Func<AgentRun, CancellationToken, Task<AgentOutcome>> agent) : IAgentRunner
    {
        public AgentType Type => AgentType.Llm;

        public Task<AgentOutcome> RunAsync(AgentRun run, CancellationToken cancellationToken) => agent(run, cancellationToken);
    }
}
