namespace OsMEN.AppHost.Backing;

/// <summary>Chooses the backing once and remembers it with the application's builder.</summary>
internal static class BackingChoice
{
    /// <summary>The backing where neither <c>--backing</c> nor <c>OSMEN_BACKING</c> names one.</summary>
    public const string Default = "auto";

    private const string Chosen = "OsMEN:ChosenBacking";

    /// <summary>
    /// The backing of this run: <c>--backing</c>, else <c>OSMEN_BACKING</c>, else <see cref="Default"/>. <c>auto</c> is containers where a
    /// container runtime answers, and embedded elsewhere.
    /// </summary>
    /// <exception cref="DistributedApplicationException">The setting has another value, or asks for containers and no container runtime answers.</exception>
    public static BackingKind Backing(this IDistributedApplicationBuilder builder)
    {
        if (builder.ExecutionContext.IsPublishMode)
            return BackingKind.Container;
        if (builder.Configuration[Chosen] is { } chosen)
            return Enum.Parse<BackingKind>(chosen);
        var kind = Choose(builder.Configuration["backing"], builder.Configuration["OSMEN_BACKING"], ContainerRuntime.Find);
        builder.Configuration[Chosen] = kind.ToString();
        return kind;
    }

    internal static BackingKind Choose(string? argument, string? environment, Func<(bool Answers, string Reason)> findRuntime)
    {
        var (source, value) = argument is not null ? ("--backing", argument) : ("OSMEN_BACKING", environment);
        switch (string.IsNullOrWhiteSpace(value) ? Default : value.ToLowerInvariant())
        {
            case "auto":
                return findRuntime().Answers ? BackingKind.Container : BackingKind.Embedded;
            case "embedded":
                return BackingKind.Embedded;
            case "native":
                return BackingKind.Native;
            case "container":
                // Aspire would wait for ever for resources that nothing can run.
                return findRuntime() is { Answers: false, Reason: var reason }
                    ? throw new DistributedApplicationException($"{source} is \"container\", but no container runtime answers: {reason}. Start Docker or Podman, or use --backing embedded or native.")
                    : BackingKind.Container;
            default:
                throw new DistributedApplicationException($"{source} is \"{value}\"; allowed: auto, container, native or embedded.");
        }
    }
}
