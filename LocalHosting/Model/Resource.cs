using System.Text.RegularExpressions;

namespace OsMEN.LocalHosting;

/// <summary>What every resource has: a name and its annotations.</summary>
public abstract partial class Resource : IResource
{
    /// <exception cref="ArgumentException">The name is not lower-case letters, digits and single hyphens, or is longer than 64.</exception>
    protected Resource(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.Length > 64 || !NamePattern().IsMatch(name))
            throw new ArgumentException($"The resource name \"{name}\" is not lower-case letters, digits and single hyphens, at most 64.", nameof(name));
        Name = name;
    }

    public string Name { get; }

    public ResourceAnnotationCollection Annotations { get; } = [];

    public override string ToString() => Name;

    [GeneratedRegex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex NamePattern();
}
