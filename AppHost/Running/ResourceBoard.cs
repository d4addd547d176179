namespace OsMEN.AppHost.Running;

/// <summary>The last known snapshot of every instance of every resource that people see.</summary>
internal sealed class ResourceBoard
{
    private readonly SortedDictionary<string, SortedDictionary<string, CustomResourceSnapshot>> _resources = new(StringComparer.Ordinal);
    private readonly HashSet<string> _listening = new(StringComparer.Ordinal);

    /// <summary>Takes a snapshot in; false where it concerns nothing that people see.</summary>
    public bool Observe(ResourceEvent change)
    {
        if (change.Snapshot.IsHidden || change.Resource is ParameterResource)
            return false;
        if (!_resources.TryGetValue(change.Resource.Name, out var instances))
            _resources[change.Resource.Name] = instances = new(StringComparer.Ordinal);

        if (change.Resource.HasAnnotationOfType<EndpointAnnotation>())
            _listening.Add(change.Resource.Name);

        // Before its instances are known, a replicated resource has one snapshot under its own name.
        if (change.ResourceId != change.Resource.Name)
            instances.Remove(change.Resource.Name);
        instances[change.ResourceId] = change.Snapshot;
        return true;
    }

    /// <summary>The resources by name. One that listens is among them once its address is known.</summary>
    public IReadOnlyDictionary<string, RunResource> Read() => _resources
        .Select(r => (Name: r.Key, Resource: Read([.. r.Value.Values])))
        .Where(r => r.Resource.Urls.Count > 0 || !_listening.Contains(r.Name))
        .ToDictionary(r => r.Name, r => r.Resource, StringComparer.Ordinal);

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
