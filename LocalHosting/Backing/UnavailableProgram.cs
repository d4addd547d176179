namespace OsMEN.LocalHosting.Backing;

/// <summary>A resource that nothing of this machine can run.</summary>
internal sealed class UnavailableProgram(ContainerResource container) : ResourceProgram(container)
{
    /// <summary>Why, and what to do.</summary>
    public string Reason =>
        $"{container.Annotations.OfType<ContainerImageAnnotation>().LastOrDefault()?.Reference ?? "its image"} needs a container runtime: use Aspire's packages (UseAspirePackages=true) with Docker or Podman, or deploy/compose; the rest runs without it";

    public override ValueTask<ProgramPlan?> PlanAsync(int replica, CancellationToken cancellationToken) => default;
}
