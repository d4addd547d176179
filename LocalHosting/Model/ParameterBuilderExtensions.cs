using OsMEN.LocalHosting.Running;

namespace OsMEN.LocalHosting;

/// <summary>Values from outside as resources.</summary>
public static class ParameterBuilderExtensions
{
    /// <summary>A value that must be given, as <c>Parameters__name</c> in the environment (hyphens as underscores).</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, bool secret = false)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddResource(new ParameterResource(
            name,
            _ => Given(name) ?? throw new DistributedApplicationException($"The parameter \"{name}\" has no value: set {Variable(name)} in the environment or in .env."),
            secret));
    }

    /// <summary>A value that is made where none is given.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="name">The name.</param>
    /// <param name="value">What makes it.</param>
    /// <param name="secret">Whether it is kept out of everything that is shown.</param>
    /// <param name="persist">Whether what was made is kept for the next start, readable by its owner only.</param>
    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, ParameterDefault value, bool secret = false, bool persist = false)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(value);
        var folder = ((DistributedApplicationBuilder)builder).Folder;
        return builder.AddResource(new ParameterResource(
            name,
            made => Given(name) ?? (persist ? new SecretStore(folder.Secrets).GetOrAdd(name, made!.GetDefaultValue) : made!.GetDefaultValue()),
            secret) { Default = value });
    }

    private static string? Given(string name) => Environment.GetEnvironmentVariable(Variable(name)) is { Length: > 0 } value ? value : null;

    private static string Variable(string name) => "Parameters__" + name.Replace('-', '_');
}
