using OsMEN.Executions;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Executions;

/// <summary>Who may see which execution: a user its own, every other role all. What may not be seen does not exist (404).</summary>
internal static class ExecutionAccess
{
    public static bool CanSee(ApiKey key, Execution execution) => key.Role != Role.User || execution.User == key.User;

    /// <summary>The execution of that id, if it is one, is there and may be seen.</summary>
    public static async Task<Execution?> FindAsync(IExecutionStore store, ApiKey key, string id, CancellationToken cancellationToken) =>
        Guid.TryParseExact(id, "D", out var guid) && await store.GetAsync(guid, cancellationToken) is { } execution && CanSee(key, execution) ? execution : null;
}
