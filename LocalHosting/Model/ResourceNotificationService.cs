using OsMEN.LocalHosting.Running;

namespace OsMEN.LocalHosting;

/// <summary>Waits for what happens to the resources of a started application.</summary>
public sealed class ResourceNotificationService
{
    private readonly TaskCompletionSource<StatusBoard> _board = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal ResourceNotificationService()
    {
    }

    /// <summary>Waits until every replica of the resource runs and is healthy.</summary>
    /// <exception cref="DistributedApplicationException">It failed to start; the message says why.</exception>
    public async Task WaitForResourceHealthyAsync(string resourceName, CancellationToken cancellationToken = default)
    {
        var board = await BoardOfAsync(resourceName, cancellationToken);
        await board.WaitAsync(() => board.All(resourceName, s => s.IsReady) || board.Worst(resourceName).State == ResourceState.FailedToStart, cancellationToken);
        if (board.Worst(resourceName) is { State: ResourceState.FailedToStart } failed)
            throw new DistributedApplicationException($"{resourceName} failed to start: {failed.Reason}");
    }

    /// <summary>Waits until every replica of the resource is in the state (see <see cref="KnownResourceStates"/>), running unless said.</summary>
    public Task WaitForResourceAsync(string resourceName, string? targetState = null, CancellationToken cancellationToken = default) =>
        WaitForResourceAsync(resourceName, [targetState ?? KnownResourceStates.Running], cancellationToken);

    /// <summary>Waits until every replica of the resource is in one of the states; that of the least ready one.</summary>
    public async Task<string> WaitForResourceAsync(string resourceName, IEnumerable<string> targetStates, CancellationToken cancellationToken = default)
    {
        string[] wanted = [.. targetStates];
        var board = await BoardOfAsync(resourceName, cancellationToken);
        await board.WaitAsync(() => board.All(resourceName, s => wanted.Contains(s.State.ToString(), StringComparer.Ordinal)), cancellationToken);
        return board.Worst(resourceName).State.ToString();
    }

    internal void SetBoard(StatusBoard board) => _board.TrySetResult(board);

    private async Task<StatusBoard> BoardOfAsync(string resourceName, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(resourceName);
        var board = await _board.Task.WaitAsync(cancellationToken);
        return board.Has(resourceName) ? board : throw new ArgumentException($"No resource \"{resourceName}\" runs.", nameof(resourceName));
    }
}

/// <summary>States of a resource.</summary>
public static class KnownResourceStates
{
    public const string Waiting = nameof(ResourceState.Waiting);
    public const string Starting = nameof(ResourceState.Starting);
    public const string Running = nameof(ResourceState.Running);
    public const string Stopping = nameof(ResourceState.Stopping);
    public const string Exited = nameof(ResourceState.Exited);
    public const string FailedToStart = nameof(ResourceState.FailedToStart);
}
