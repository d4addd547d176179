using OsMEN.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Gateway;

/// <summary>Stands for the worker of a gateway that has none.</summary>
internal static class GatewayWork
{
    /// <summary>Claims the next execution when there is one, and ends it.</summary>
    public static async Task<Execution> CompleteNextAsync(GatewayServer gateway, string output, ExecutionError? error = null)
    {
        var token = TestContext.Current.CancellationToken;
        IReadOnlyList<ClaimedExecution> claims = [];
        await Programs.UntilAsync(async () => (claims = await gateway.Store.ClaimAsync("tests", 1, TimeSpan.FromMinutes(1), token)).Count == 1, "an execution was accepted");
        await gateway.Store.RecordAsync(
            [new ExecutionRecord { Lease = claims[0].Lease, End = error is null ? new AttemptEnd(ExecutionStatus.Completed, output) : new AttemptEnd(ExecutionStatus.Failed, Error: error) }], token);
        return claims[0].Execution;
    }
}
