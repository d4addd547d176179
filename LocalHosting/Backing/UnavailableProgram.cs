using OsMEN.LocalHosting.Backing.Native;

namespace OsMEN.LocalHosting.Backing;

/// <summary>A resource that nothing of this machine can run.</summary>
internal sealed class UnavailableProgram(ContainerResource container) : ResourceProgram(container)
{
    /// <summary>Why, and what to do.</summary>
    public string Reason => NativeImages.HowToInstall(container) is { } install
        ? $"needs a container runtime (Docker, Podman) or a program of this machine ({install}); the rest runs without it"
        : "needs a container runtime: install and start Docker or Podman; the rest runs without it";

    public override ValueTask<ProgramPlan?> PlanAsync(int replica, CancellationToken cancellationToken) => default;
}
