using System.Globalization;
using System.Text;

namespace OsMEN.AppHost.Publishing;

/// <summary>
/// Writes a Helm chart of the model's projects. PostgreSQL and Redis are managed servers unless the values say otherwise. Monitoring
/// servers are the cluster's own, at addresses in the values. The templates are in Chart/; generated are the values, and for each service
/// what the templates are given.
/// </summary>
internal sealed class HelmChart(PublishedModel model)
{
    private readonly HelmEnvironment _environment = new(model);

    /// <summary>The chart's files, by their paths in it.</summary>
    /// <exception cref="DistributedApplicationException">The model has no PostgreSQL database.</exception>
    public IReadOnlyDictionary<string, string> Write()
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["Chart.yaml"] = $"""
                # Generated, with all of this folder, from AppHost/AppHost.cs by: aspire do helm --output-path deploy
                apiVersion: v2
                name: osmen
                description: OsMEN, a gateway and workers for LLM agents
                type: application
                version: {PublishedModel.Version}
                appVersion: "{PublishedModel.Version}"
                kubeVersion: ">=1.30.0-0"

                """,
            ["values.yaml"] = HelmValues.Values(model, CatalogFolders().Select(f => f.Name)),
            ["values.schema.json"] = HelmValues.Schema(model),
        };
        foreach (var project in model.Projects)
        {
            files[$"templates/{project.Name}.yaml"] = Project(project);
        }

        foreach (var server in model.Servers)
        {
            files[$"templates/{server.Name}.yaml"] = Server(server);
        }

        AddFiles(files, "templates", new DirectoryInfo(Path.Combine(model.AppHostDirectory, "Publishing", "Chart", "templates")));
        AddFiles(files, "rules", new DirectoryInfo(Path.Combine(model.SolutionDirectory, "monitoring", "prometheus", "rules")));
        foreach (var folder in CatalogFolders())
        {
            AddFiles(files, $"catalog/{folder.Name}", folder);
        }

        return files.ToDictionary(f => f.Key, f => f.Value.ReplaceLineEndings("\n"));
    }

    private string Project(PublishedService project)
    {
        var port = project.Endpoints is [var first, ..]
            ? PublishedService.PortOf(first)
            : throw new DistributedApplicationException($"The project \"{project.Name}\" has no endpoint.");
        return string.Create(CultureInfo.InvariantCulture, $$$"""
            {{- define "{{{project.Name}}}.env" -}}
            {{{_environment.Write(project)}}}{{- end }}
            {{- include "chart.service" (dict
              "root" .
              "name" "{{{project.Name}}}"
              "values" {{{HelmEnvironment.ValuesOf(project.Name)}}}
              "port" {{{port}}}
              "env" (include "{{{project.Name}}}.env" .)
              "catalog" "{{{project.Environment.GetValueOrDefault("CATALOG_PATH")}}}"
              "external" {{{(project.IsExternal ? "true" : "false")}}}{{{(project.IsExternal ? "" : Queue())}}}) }}

            """);
    }

    private string Queue()
    {
        var server = model.Databases is [var database, ..]
            ? database.Parent
            : throw new DistributedApplicationException("The chart needs a PostgreSQL database: the workers scale by its queue.");
        return $"""

              "queue" (dict "server" "{server.Name}" "passwordKey" "{server.PasswordParameter.Name}")
            """.ReplaceLineEndings("\n");
    }

    private string Server(PublishedService server) => string.Create(CultureInfo.InvariantCulture, $$$"""
        {{- define "{{{server.Name}}}.container" -}}
        {{{_environment.WriteContainer(server)}}}{{- end }}
        {{- include "chart.server" (dict
          "root" .
          "name" "{{{server.Name}}}"
          "values" {{{HelmEnvironment.ValuesOf(server.Name)}}}
          "port" {{{PublishedService.PortOf(server.Endpoints[0])}}}
          "data" "{{{server.Mounts.FirstOrDefault(m => m.Type == ContainerMountType.Volume)?.Target ?? "/data"}}}"
          "container" (include "{{{server.Name}}}.container" .)
          "keda" {{{(server.Resource is PostgresServerResource ? "true" : "false")}}}) }}

        """);

    private IEnumerable<DirectoryInfo> CatalogFolders() =>
        new DirectoryInfo(Path.Combine(model.SolutionDirectory, "catalog"))
            .EnumerateDirectories().OrderBy(d => d.Name, StringComparer.Ordinal);

    // Text only: a ConfigMap's values are, and what a program leaves behind (__pycache__) lies in folders.
    private static void AddFiles(SortedDictionary<string, string> files, string name, DirectoryInfo folder)
    {
        foreach (var file in folder.EnumerateFiles().Where(f => !f.Name.StartsWith('.')))
        {
            var content = File.ReadAllBytes(file.FullName);
            if (!content.Contains((byte)0))
            {
                files[$"{name}/{file.Name}"] = Encoding.UTF8.GetString(content);
            }
        }
    }
}
