using System.Globalization;
using OsMEN.LocalHosting.Backing;
using OsMEN.LocalHosting.Output;

namespace OsMEN.LocalHosting.Running;

/// <summary>Tells what happens: a line for each change, <c>run.json</c>, and what to do first once everything is up.</summary>
internal sealed class RunReport(IReadOnlyList<ResourceProgram> programs, StatusBoard board, ConsoleOutput output, RunFile runFile, string? accessKey, string? dashboardUrl)
{
    /// <summary>The name that a replica's lines carry.</summary>
    public static string NameOf(ResourceProgram program, int replica) =>
        program.Replicas == 1 ? program.Resource.Name : string.Create(CultureInfo.InvariantCulture, $"{program.Resource.Name}-{replica + 1}");

    public void Start()
    {
        board.OnChange = OnChange;
        Write();
    }

    public void Ready()
    {
        // Without Grafana or Jaeger an agent still answers.
        var failed = programs.OfType<ProjectProgram>().Any(p => !board.All(p.Resource.Name, s => s.IsReady));
        output.Say(null, "");
        foreach (var program in programs)
        {
            var status = board.Worst(program.Resource.Name);
            var urls = Urls(program.Resource);
            output.Say(null, $"  {program.Resource.Name,-14} {Describe(status),-18} {(urls.Count > 0 ? string.Join("  ", urls) : program.Note)}{(status.Reason is { } reason ? $"  ({reason})" : "")}");
        }

        if (dashboardUrl is not null)
        {
            output.Say(null, "");
            output.Say(null, $"Dashboard: {dashboardUrl}");
        }

        output.Say(null, "");
        var gateway = programs.FirstOrDefault(p => p.Resource.Annotations.OfType<EndpointAnnotation>().Any(e => e.IsExternal))?.Resource;
        if (accessKey is null || gateway is null || Urls(gateway) is not [var url, ..])
            return;
        output.Say(null, $"  development key  {accessKey}");
        output.Say(null, "");
        output.Say(null, failed ? "Not everything runs; once it does, paste this:" : "Ready. Paste this:");
        output.Say(null, "");
        output.Say(null, $"  curl '{url}/api/v1/agents/daily_brief/executions?wait=30s' \\");
        output.Say(null, $"    -H 'Authorization: Bearer {accessKey}' -H 'Content-Type: application/json' \\");
        output.Say(null, """    -d '{"input":{"text":"09:00 design review. Ana found the leak; the fix must merge before noon. 14:00 customer call about the invoice export."}}'""");
        output.Say(null, "");
        output.Say(null, "Ctrl+C stops everything.");
    }

    public void Stopping() => output.Say(null, "Stopping. Ctrl+C again kills what is left.");

    private void OnChange(string name, int replica, ResourceStatus before, ResourceStatus after)
    {
        // Before the line: whoever reads that finds the file as it says.
        Write();
        var program = programs.First(p => p.Resource.Name == name);
        var noNews = after.State == before.State && after.Healthy == before.Healthy && after.Healthy is not null;
        var comingUp = after is { State: ResourceState.Running, Healthy: null };
        if (!noNews && !comingUp)
            output.Say(NameOf(program, replica), $"{Describe(after)}{(after.Reason is { } reason ? $": {reason}" : "")}{(after is { State: ResourceState.Running, Restarts: > 0 } ? string.Create(CultureInfo.InvariantCulture, $" (restarts: {after.Restarts})") : "")}");
    }

    private void Write() => runFile.Write(new RunState
    {
        Pid = Environment.ProcessId,
        ApiKey = accessKey,
        DashboardUrl = dashboardUrl,
        Resources = programs.ToDictionary(
            p => p.Resource.Name,
            p =>
            {
                var status = board.Worst(p.Resource.Name);
                return new RunResource(status.State.ToString(), status.Health, Urls(p.Resource));
            },
            StringComparer.Ordinal),
    });

    public static string Describe(ResourceStatus status) => (status.State, status.Healthy) switch
    {
        (ResourceState.Running, true) => "running, healthy",
        (ResourceState.Running, false) => "running, unhealthy",
        (ResourceState.FailedToStart, _) => "failed",
        var (state, _) => state.ToString().ToLowerInvariant(),
    };

    public static IReadOnlyList<string> Urls(IResource resource) =>
    [
        .. resource.Annotations.OfType<EndpointAnnotation>().SelectMany(
            e => e.AllocatedPorts, (e, port) => string.Create(CultureInfo.InvariantCulture, $"{e.UriScheme}://127.0.0.1:{port}")),
    ];
}
