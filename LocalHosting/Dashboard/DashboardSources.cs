using OsMEN.LocalHosting.Backing;
using OsMEN.LocalHosting.Output;
using OsMEN.LocalHosting.Running;

namespace OsMEN.LocalHosting.Dashboard;

/// <summary>What the dashboard shows of a running application.</summary>
internal sealed record DashboardSources(
    IReadOnlyList<ResourceProgram> Programs,
    IReadOnlyList<IResource> Resources,
    StatusBoard Board,
    IReadOnlyDictionary<string, RunningResource> Running,
    ConsoleLines Console);
