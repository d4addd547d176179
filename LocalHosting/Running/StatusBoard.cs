namespace OsMEN.LocalHosting.Running;

/// <summary>The latest status of every replica, and a way to wait for a change.</summary>
internal sealed class StatusBoard(IEnumerable<(string Name, int Replicas)> resources)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ResourceStatus[]> _statuses =
        resources.ToDictionary(r => r.Name, r => Enumerable.Repeat(ResourceStatus.Initial, r.Replicas).ToArray(), StringComparer.Ordinal);

    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Called after each change, one at a time: resource, replica, before, after.</summary>
    public Action<string, int, ResourceStatus, ResourceStatus>? OnChange { get; set; }

    public ResourceStatus this[string resource, int replica]
    {
        get
        {
            lock (_lock)
                return _statuses[resource][replica];
        }
    }

    public bool Has(string resource) => _statuses.ContainsKey(resource);

    public void Set(string resource, int replica, ResourceStatus status)
    {
        lock (_lock)
        {
            var before = _statuses[resource][replica];
            if (before == status)
                return;
            _statuses[resource][replica] = status;
            OnChange?.Invoke(resource, replica, before, status);
            var changed = _changed;
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            changed.SetResult();
        }
    }

    public bool All(string resource, Func<ResourceStatus, bool> condition)
    {
        lock (_lock)
            return Array.TrueForAll(_statuses[resource], s => condition(s));
    }

    /// <summary>The least ready of the resource's replicas, which speaks for the resource.</summary>
    public ResourceStatus Worst(string resource)
    {
        lock (_lock)
            return _statuses[resource].MinBy(Readiness)!;
    }

    /// <summary>Waits until the condition holds; it is looked at after each change.</summary>
    public async Task WaitAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (condition())
                    return;
                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private static int Readiness(ResourceStatus status) => (status.State, status.Healthy) switch
    {
        (ResourceState.FailedToStart or ResourceState.Unavailable, _) => 0,
        (ResourceState.Exited, _) => 1,
        (ResourceState.Stopping, _) => 2,
        (ResourceState.Waiting, _) => 3,
        (ResourceState.Starting, _) => 4,
        (_, false) => 5,
        (_, null) => 6,
        _ => 7,
    };
}
