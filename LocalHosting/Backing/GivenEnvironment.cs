namespace OsMEN.LocalHosting.Backing;

/// <summary>The variables that the model gives a resource.</summary>
internal static class GivenEnvironment
{
    /// <summary>Adds what <c>WithEnvironment</c> and <c>WithReference</c> said to what is there already, as seen from the place where the resource runs.</summary>
    public static async Task<Dictionary<string, string>> ResolveAsync(
        IResource resource, Dictionary<string, object> given, Viewpoint from, CancellationToken cancellationToken)
    {
        var context = new EnvironmentCallbackContext(new(DistributedApplicationOperation.Run), given, cancellationToken);
        foreach (var annotation in resource.Annotations.OfType<EnvironmentCallbackAnnotation>())
            await annotation.Callback(context);
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in given)
            environment[name] = await from.ReadAsync(value, cancellationToken);
        return environment;
    }
}
