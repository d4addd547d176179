namespace OsMEN.LocalHosting;

/// <summary>The image that a container is made of.</summary>
public sealed class ContainerImageAnnotation : IResourceAnnotation
{
    /// <summary>Where it is pulled from; the runtime's own choice unless given.</summary>
    public string? Registry { get; set; }

    public required string Image { get; set; }

    public string? Tag { get; set; }

    /// <summary>The whole reference: <c>docker.io/library/redis:7.4.2</c>.</summary>
    public string Reference => $"{(Registry is { Length: > 0 } ? Registry + "/" : "")}{Image}{(Tag is { Length: > 0 } ? ":" + Tag : "")}";
}

/// <summary>A file, folder or volume that a container sees.</summary>
/// <param name="source">An absolute path of this machine, or a volume's name; null is a volume without a name.</param>
/// <param name="target">The path inside the container.</param>
/// <param name="type">Which of both.</param>
/// <param name="isReadOnly">Whether the container cannot change it.</param>
public sealed class ContainerMountAnnotation(string? source, string target, ContainerMountType type, bool isReadOnly) : IResourceAnnotation
{
    public string? Source => source;

    public string Target => target;

    public ContainerMountType Type => type;

    public bool IsReadOnly => isReadOnly;
}

/// <summary>What is mounted.</summary>
public enum ContainerMountType
{
    /// <summary>A file or folder of this machine.</summary>
    BindMount,

    /// <summary>A volume that the runtime keeps.</summary>
    Volume,
}

/// <summary>Arguments of a program, after those said before: text, or values that are known by its start.</summary>
public sealed class CommandLineArgsAnnotation(IReadOnlyList<object> args) : IResourceAnnotation
{
    public IReadOnlyList<object> Args => args;
}

/// <summary>Whether a container outlives AppHost.</summary>
public sealed class ContainerLifetimeAnnotation : IResourceAnnotation
{
    public required ContainerLifetime Lifetime { get; init; }
}

/// <summary>How long a container lives.</summary>
public enum ContainerLifetime
{
    /// <summary>As long as AppHost runs.</summary>
    Session,

    /// <summary>Until somebody removes it; the next start of AppHost takes it over.</summary>
    Persistent,
}
