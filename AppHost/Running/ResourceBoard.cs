namespace OsMEN.AppHost.Running;

/// <summary>The last known snapshot of every instance of every resource that people see.</summary>
internal sealed class ResourceBoard
{
    private readonly SortedDictionary<string, SortedDictionary<string, CustomResourceSnapshot>> _resources = new(StringComparer.Ordinal);

    /// <summary>Takes a snapshot in; false where it concerns nothing that people see.</summary>
    public bool Observe(ResourceEvent change)
    {
        if (change.Snapshot.IsHidden || change.Resource is ParameterResource)
            return false;
        if (!_resources.TryGetValue(change.Resource.Name, out var instances))
            _resources[change.Resource.Name] = instances = new(StringComparer.Ordinal);

        // Before its instances are known, a replicated resource has one snapshot under its own name.
        if (change.ResourceId != change.Resource.Name)
            instances.Remove(change.Resource.Name);
        instances[change.ResourceId] = change.Snapshot;
        return true;
    }

    public IReadOnlyDictionary<string, RunResource> Read() => _resources.ToDictionary(r => r.Key, r => Read([.. r.Value.Values]), StringComparer.Ordinal);

    private static RunResource Read(CustomResourceSnapshot[] instances)
    {
        var worst = instances.MinBy(i => i.State?.Text == KnownResourceStates.Running ? (int?)i.HealthStatus ?? -1 : -2)!;
        return new(worst.State?.Text, worst.HealthStatus?.ToString(), instances.Length == 1 ? UrlsOf(instances[0]) : [.. instances.SelectMany(OwnUrlsOf)]);
    }

    private static IReadOnlyList<string> UrlsOf(CustomResourceSnapshot instance) =>
        [.. instance.Urls.Where(u => !u.IsInternal && u.Name is { Length: > 0 }).Select(u => Uri.TryCreate(u.Url, UriKind.Absolute, out var url) ? $"{url.Scheme}://{url.Authority}" : u.Url).Distinct()];

    // Aspire's URL of a replicated service leads to a proxy; what an instance listens on is in its environment.
    private static IEnumerable<string> OwnUrlsOf(CustomResourceSnapshot instance) =>
        instance.EnvironmentVariables.FirstOrDefault(v => v.Name == "ASPNETCORE_URLS")?.Value?.Split(';') ?? [];
}
