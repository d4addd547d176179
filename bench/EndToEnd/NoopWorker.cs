using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using System.Globalization;
using OsMEN.AgentWorker;
using OsMEN.AgentWorker.Agents;
using OsMEN.Executions.Catalog;
using OsMEN.ServiceDefaults;

namespace OsMEN.Bench.EndToEnd;

/// <summary>The worker as it is shipped, but for an agent that does nothing and tells when it began.</summary>
internal static class NoopWorker
{
    public static async Task RunAsync(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        builder.AddWorker();
        builder.Services.AddSingleton<IAgentRunner>(new Runner());
        var app = builder.Build();
        app.MapDefaultEndpoints();
        await app.RunAsync();
    }

    private sealed class Runner : IAgentRunner
    {
        public AgentType Type => AgentType.Llm;

        public Task<AgentOutcome> RunAsync(AgentRun run, CancellationToken cancellationToken)
        {
            var now = (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
            return Task.FromResult(new AgentOutcome(string.Create(CultureInfo.InvariantCulture, $$"""{"started_us":{{now}}}""")));
        }
    }
}
