using System.Globalization;

namespace OsMEN.LocalHosting.Publishing;

/// <summary>
/// Writes a Helm chart of the model's projects. Servers are managed ones unless the values say otherwise; what watches the
/// cluster is the cluster's, and containers other than servers are addresses in the values.
/// </summary>
internal static class HelmPublisher
{
    /// <exception cref="DistributedApplicationException">The model has no gateway-like project, database or token that the chart is about.</exception>
    public static IReadOnlyDictionary<string, string> Write(PublishedModel model)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["Chart.yaml"] = """
                # Generated, with all of this folder, from AppHost/AppHost.cs by "dotnet run --project AppHost -- --publisher helm --output-path ../deploy/helm/osmen".
                apiVersion: v2
                name: osmen
                description: OsMEN, a gateway and workers for LLM agents
                type: application
                version: 0.1.0
                appVersion: "0.1.0"
                kubeVersion: ">=1.30.0-0"

                """,
            ["values.yaml"] = HelmValues.Values(model),
            ["values.schema.json"] = HelmValues.Schema(model),
        };
        foreach (var project in model.Projects)
            AddProject(files, model, project);
        foreach (var server in model.Containers.Where(c => c.Resource is IResourceWithConnectionString))
            files[$"templates/{server.Name}.yaml"] = Server(model, server);
        var token = model.Projects.SelectMany(p => p.Environment).Where(v => v.Key == "METRICS_SCRAPE_TOKEN").Select(v => v.Value).OfType<ParameterResource>().FirstOrDefault()
            ?? throw new DistributedApplicationException("A chart needs a METRICS_SCRAPE_TOKEN that is a parameter.");
        files["templates/monitoring.yaml"] = HelmTemplates.Monitoring.Replace("SECRET", token.Name, StringComparison.Ordinal).Replace("GROUPS", Rules(model), StringComparison.Ordinal);
        files["templates/NOTES.txt"] = Notes(model);
        return files;
    }

    /// <summary>A name as a key of the values.</summary>
    public static string Key(string name) => string.Concat(name.Split('-').Select((part, i) => i == 0 ? part : char.ToUpperInvariant(part[0]) + part[1..]));

    private static void AddProject(SortedDictionary<string, string> files, PublishedModel model, PublishedResource project)
    {
        var isExternal = project.Endpoints.Any(e => e.IsExternal);
        var port = project.Endpoints is [var first, ..] ? PublishedModel.TargetPort(project.Resource, first) : PublishedModel.ProjectPort;
        files[$"templates/{project.Name}.yaml"] = Named(HelmTemplates.Deployment, project.Name)
            .Replace("PORT", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("READY", project.Health?.Path ?? "/health/ready", StringComparison.Ordinal)

            // Last: variables have names of their own.
            .Replace("ENVIRONMENT\n", HelmEnvironment.Write(project.Environment, 12), StringComparison.Ordinal);
        files[$"templates/{project.Name}-policies.yaml"] = Named(HelmTemplates.Policies, project.Name)
            .Replace("FROM", isExternal ? HelmTemplates.FromAnywhere : HelmTemplates.FromMonitoring, StringComparison.Ordinal);
        files[$"templates/{project.Name}-scaling.yaml"] = isExternal ? Named(HelmTemplates.HorizontalScaling, project.Name) : QueueScaling(model, project);
        if (isExternal)
            files[$"templates/{project.Name}-ingress.yaml"] = Named(HelmTemplates.Ingress, project.Name);
    }

    private static string QueueScaling(PublishedModel model, PublishedResource project)
    {
        var database = model.Resources.Select(r => r.Resource).OfType<PostgresDatabaseResource>().FirstOrDefault()
            ?? throw new DistributedApplicationException("A chart needs a PostgreSQL database.");
        var server = (PostgresServerResource)database.Parent;
        return Named(HelmTemplates.QueueScaling, project.Name)
            .Replace("HOST", TextLines.Quote(HelmEnvironment.Host(server.Name, qualified: true)), StringComparison.Ordinal)
            .Replace("USER", PostgresServerResource.UserName, StringComparison.Ordinal)
            .Replace("DATABASE", database.DatabaseName, StringComparison.Ordinal)
            .Replace("SECRET", server.PasswordParameter.Name, StringComparison.Ordinal)
            .Replace(".Values.postgres.", $".Values.{Key(server.Name)}.", StringComparison.Ordinal);
    }

    private static string Server(PublishedModel model, PublishedResource server)
    {
        var container = (ContainerResource)server.Resource;
        var command = new TextLines();
        if (container.Entrypoint is { } entrypoint)
            command.Add(10, $"command: [{TextLines.Quote(entrypoint)}]");
        if (server.Args.Count > 0)
            command.Add(10, $"args: [{string.Join(", ", server.Args.Select(a => TextLines.Quote((string)a)))}]");
        var environment = server.Environment.ToList();
        var database = model.Resources.Select(r => r.Resource).OfType<PostgresDatabaseResource>().FirstOrDefault(d => d.Parent == container);
        if (database is not null)
            environment.Add(new("POSTGRES_DB", database.DatabaseName));
        return Named(HelmTemplates.Stateful, server.Name)
            .Replace("KEDA\n", container is PostgresServerResource ? HelmTemplates.FromKeda : "", StringComparison.Ordinal)
            .Replace("COMMAND\n", command.ToString(), StringComparison.Ordinal)
            .Replace("PORT", PublishedModel.TargetPort(container, server.Endpoints[0]).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("DATA\n", (server.Mounts.FirstOrDefault(m => m.Type == ContainerMountType.Volume)?.Target ?? "/data") + "\n", StringComparison.Ordinal)
            .Replace("ENVIRONMENT\n", HelmEnvironment.Write(environment, 12), StringComparison.Ordinal);
    }

    private static string Named(string template, string name) =>
        template.ReplaceLineEndings("\n").Replace(".KEY.", $".{Key(name)}.", StringComparison.Ordinal).Replace("NAME", name, StringComparison.Ordinal);

    // The groups of every rule file that the model's Prometheus reads, with what Helm would take for its own escaped.
    private static string Rules(PublishedModel model)
    {
        var folder = Path.Combine(model.SolutionDirectory, "monitoring", "prometheus", "rules");
        var text = new TextLines();
        foreach (var file in Directory.Exists(folder) ? Directory.GetFiles(folder, "*.yaml").Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
        {
            var lines = File.ReadAllLines(file);
            var groups = Array.IndexOf(lines, "groups:");
            if (groups < 0)
                throw new DistributedApplicationException($"{file} has no line \"groups:\".");
            text.AddBlock(2, string.Join('\n', lines[(groups + 1)..]).Replace("{{", "{{ \"{{\" }}", StringComparison.Ordinal));
        }

        return text.ToString().TrimEnd('\n');
    }

    private static string Notes(PublishedModel model)
    {
        var gateway = model.Projects.FirstOrDefault(p => p.Endpoints.Any(e => e.IsExternal)) ?? model.Projects.First();
        return string.Create(CultureInfo.InvariantCulture, $$$"""
            OsMEN {{ .Chart.AppVersion }} is installed as {{ .Release.Name }}.

              kubectl rollout status deployment/{{ .Release.Name }}-{{{gateway.Name}}}
              kubectl port-forward service/{{ .Release.Name }}-{{{gateway.Name}}} 8080:{{{PublishedModel.ProjectPort}}}
              curl http://127.0.0.1:8080/health

            """).ReplaceLineEndings("\n");
    }
}
