using System.Collections;
using System.Globalization;
using OsMEN.LocalHosting.Backing;

namespace OsMEN.LocalHosting.Running;

/// <summary>A project of the solution: what its build made, run by <c>dotnet</c>.</summary>
internal sealed class ProjectProgram(ProjectResource project) : ResourceProgram(project)
{
    // A worker drains what it runs before it goes; longer than its own limit for that.
    private static readonly TimeSpan s_stopTimeout = TimeSpan.FromSeconds(25);

    // What Aspire sets in development, so that telemetry is seen at once. The environment's own values win.
    private static readonly (string Name, string Value)[] s_developmentDefaults =
    [
        ("ASPNETCORE_ENVIRONMENT", "Development"),
        ("DOTNET_ENVIRONMENT", "Development"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "1000"),
        ("OTEL_BSP_SCHEDULE_DELAY", "1000"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1000"),
        ("OTEL_METRICS_EXEMPLAR_FILTER", "trace_based"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
    ];

    public override int Replicas => project.Annotations.OfType<ReplicaAnnotation>().LastOrDefault()?.Replicas ?? 1;

    public override ValueTask<ProgramPlan?> PlanAsync(int replica, CancellationToken cancellationToken)
    {
        var metadata = project.Annotations.OfType<IProjectMetadata>().Single();
        if (!File.Exists(metadata.OutputPath))
            throw new DistributedApplicationException($"{metadata.OutputPath} is not there: build {metadata.ProjectPath}.");

        // In the project's folder, as `dotnet run` has it: appsettings.json and web files are found there.
        return new(new ProgramPlan(Executables.DotNet(), [metadata.OutputPath])
        {
            WorkingDirectory = Path.GetDirectoryName(metadata.ProjectPath)!,
            StopTimeout = s_stopTimeout,
        });
    }

    public override async ValueTask<IReadOnlyDictionary<string, string>> EnvironmentAsync(int replica, CancellationToken cancellationToken)
    {
        var given = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["OTEL_SERVICE_NAME"] = project.Name,
            ["OTEL_RESOURCE_ATTRIBUTES"] = string.Create(CultureInfo.InvariantCulture, $"service.instance.id={project.Name}-{Environment.ProcessId}-{replica}"),
        };
        foreach (var (name, value) in s_developmentDefaults)
        {
            if (Environment.GetEnvironmentVariable(name) is null)
                given[name] = value;
        }

        var endpoints = project.Annotations.OfType<EndpointAnnotation>().ToArray();
        if (endpoints.Length > 0)
            given["ASPNETCORE_URLS"] = string.Join(';', endpoints.Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.UriScheme}://127.0.0.1:{e.AllocatedPorts[replica]}")));
        foreach (var endpoint in endpoints)
        {
            if (endpoint.EnvironmentVariable is { } variable)
                given[variable] = endpoint.AllocatedPorts[replica].ToString(CultureInfo.InvariantCulture);
        }

        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            environment[(string)variable.Key] = (string?)variable.Value ?? "";
        foreach (var (name, value) in await GivenEnvironment.ResolveAsync(project, given, Viewpoint.Host, cancellationToken))
            environment[name] = value;
        return environment;
    }

    public override Task<string?> ProbeAsync(int replica, CancellationToken cancellationToken) => HttpProbe.ProbeAsync(project, replica, cancellationToken);
}
