using Microsoft.Extensions.DependencyInjection;
using OsMEN.AppHost.Running;

namespace OsMEN.AppHost.Commands;

/// <summary>Commands of a worker instance in Aspire's dashboard: watch it hand over its work, in an orderly way and by a crash.</summary>
internal static class WorkerCommands
{
    /// <summary>Adds commands that drain and that kill an instance. Both times it is started again.</summary>
    public static IResourceBuilder<ProjectResource> WithWorkerCommands(this IResourceBuilder<ProjectResource> worker) =>
        OperatingSystem.IsWindows() ? worker : worker
            .WithCommand("drain", "Drain", context => SignalAsync(context, "TERM", "It claims nothing more, finishes what it runs, and starts again."), new CommandOptions
            {
                Description = "Lets the instance finish what it runs; then it starts again.",
                IconName = "ArrowExit",
                UpdateState = WhenRunning,
            })
            .WithCommand("kill", "Kill", context => SignalAsync(context, "KILL", "Its executions go to another worker when their leases expire."), new CommandOptions
            {
                Description = "Kills the instance, as a crash would. Watch its executions continue on the other worker.",
                IconName = "PlugDisconnected",
                ConfirmationMessage = "Kill this worker? Its executions continue elsewhere after their leases expire.",
                UpdateState = WhenRunning,
            });

    private static ResourceCommandState WhenRunning(UpdateCommandStateContext context) =>
        context.ResourceSnapshot.State?.Text == KnownResourceStates.Running ? ResourceCommandState.Enabled : ResourceCommandState.Disabled;

    private static Task<ExecuteCommandResult> SignalAsync(ExecuteCommandContext context, string signal, string effect)
    {
        if (!context.Services.GetRequiredService<ResourceNotificationService>().TryGetCurrentState(context.ResourceName, out var current)
            || ResourceProcess.IdOf(current.Snapshot) is not { } pid)
        {
            return Task.FromResult(CommandResults.Failure("The instance has no process."));
        }

        return Task.FromResult(ResourceProcess.Signal(pid, signal) is { } error ? CommandResults.Failure(error) : CommandResults.Success(effect));
    }
}
