using System.Globalization;
using System.Xml.Linq;

namespace OsMEN.LocalHosting.Publishing;

/// <summary>Writes a Docker Compose file, and a sample of the variables that it needs.</summary>
internal static class ComposePublisher
{
    private static readonly ValueText s_value = new(
        text => text.Replace("$", "$$", StringComparison.Ordinal),
        parameter => $"${{{Variable(parameter.Name)}:?set {Variable(parameter.Name)} in .env}}",
        (endpoint, property) => property == EndpointProperty.Host
            ? endpoint.Resource.Name
            : PublishedModel.TargetPort(endpoint.Resource, endpoint.EndpointAnnotation).ToString(CultureInfo.InvariantCulture));

    /// <param name="model">The model.</param>
    /// <param name="folder">Where the file is, which the paths of what it mounts are relative to.</param>
    public static IReadOnlyDictionary<string, string> Write(PublishedModel model, string folder) => new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["docker-compose.yaml"] = File(model, folder),
        [".env.sample"] = Sample(model),
    };

    private static string File(PublishedModel model, string folder)
    {
        var yaml = new TextLines();
        yaml.AddBlock(0, """
            # Generated from AppHost/AppHost.cs by "dotnet run --project AppHost -- --publisher compose --output-path ../deploy/compose".
            # Copy .env.sample to .env, fill it in, and: docker compose up -d
            """);
        yaml.Add(0, "services:");
        foreach (var resource in model.Resources.Where(r => r.Resource is ProjectResource or ContainerResource))
            Service(yaml, model, resource, folder);
        yaml.Add(0, "volumes:");
        foreach (var volume in model.Containers.SelectMany(c => c.Mounts).Where(m => m is { Type: ContainerMountType.Volume, Source: not null }))
            yaml.Add(2, $"{volume.Source}: {{}}");
        return yaml.ToString();
    }

    private static void Service(TextLines yaml, PublishedModel model, PublishedResource resource, string folder)
    {
        var isProject = resource.Resource is ProjectResource;
        yaml.Add(2, $"{resource.Name}:");
        yaml.Add(4, isProject ? $"image: ${{{Variable(resource.Name)}_IMAGE:-osmen-{resource.Name}:latest}}" : $"image: {resource.Image}");
        if (resource.Resource is ContainerResource { Entrypoint: { } entrypoint })
            yaml.Add(4, $"entrypoint: [{TextLines.Quote(entrypoint)}]");
        List(yaml, "command", resource.Args.Select(s_value.Of));
        if (resource.Resource is PostgresServerResource && model.Resources.Select(r => r.Resource).OfType<PostgresDatabaseResource>().FirstOrDefault(d => d.Parent == resource.Resource) is { } database)
            Environment(yaml, [.. resource.Environment, new("POSTGRES_DB", database.DatabaseName)]);
        else
            Environment(yaml, resource.Environment);

        // Only what is meant for outside is published, on this machine's ports of choice.
        var published = resource.Endpoints.Where(e => e.IsExternal).Select(e =>
            string.Create(CultureInfo.InvariantCulture, $"${{{Variable(resource.Name)}_PORT:-{e.Port}}}:{PublishedModel.TargetPort(resource.Resource, e)}"));
        List(yaml, "ports", published);
        var mounts = resource.Mounts.Select(m =>
            $"{(m.Type == ContainerMountType.BindMount ? Relative(folder, m.Source!) : m.Source)}:{m.Target}{(m.IsReadOnly ? ":ro" : "")}");
        List(yaml, "volumes", mounts);
        Dependencies(yaml, model, resource);
        if (HealthTest(model, resource) is { } test)
        {
            yaml.Add(4, "healthcheck:");
            yaml.Add(6, $"test: [{string.Join(", ", test.Select(TextLines.Quote))}]");
            yaml.Add(6, "interval: 5s").Add(6, "timeout: 3s").Add(6, "retries: 12").Add(6, "start_period: 10s");
        }

        Hardening(yaml, resource, isProject);
    }

    private static void Environment(TextLines yaml, IReadOnlyList<KeyValuePair<string, object>> environment)
    {
        if (environment.Count == 0)
            return;
        yaml.Add(4, "environment:");
        foreach (var (name, value) in environment)
            yaml.Add(6, $"{name}: {TextLines.Quote(s_value.Of(value))}");
    }

    private static void List(TextLines yaml, string name, IEnumerable<string> items)
    {
        var all = items.ToArray();
        if (all.Length == 0)
            return;
        yaml.Add(4, $"{name}:");
        foreach (var item in all)
            yaml.Add(6, $"- {TextLines.Quote(item)}");
    }

    private static void Dependencies(TextLines yaml, PublishedModel model, PublishedResource resource)
    {
        var waits = resource.Resource.Annotations.OfType<WaitAnnotation>()
            .Select(w => (Name: (w.Resource as IResourceWithParent)?.Parent.Name ?? w.Resource.Name, w.WaitType)).Distinct().ToArray();
        if (waits.Length == 0)
            return;
        yaml.Add(4, "depends_on:");
        foreach (var (name, type) in waits)
        {
            var hasTest = HealthTest(model, model.Resources.Single(r => r.Name == name)) is not null;
            yaml.Add(6, $"{name}:").Add(8, $"condition: {(type == WaitType.WaitUntilHealthy && hasTest ? "service_healthy" : "service_started")}");
        }
    }

    /// <summary>A test that can run inside the image: those without a shell or a client have none.</summary>
    private static string[]? HealthTest(PublishedModel model, PublishedResource resource)
    {
        if (resource.Resource is PostgresServerResource)
            return ["CMD-SHELL", "pg_isready -q -h 127.0.0.1 -U \"$$POSTGRES_USER\" -d \"$$POSTGRES_DB\""];
        if (resource.Resource is RedisResource)
            return ["CMD-SHELL", "REDISCLI_AUTH=\"$$REDIS_PASSWORD\" redis-cli ping | grep -q PONG"];
        if (resource.Health is not { } health)
            return null;
        var endpoint = resource.Endpoints.Single(e => e.Name == health.EndpointName);
        var port = PublishedModel.TargetPort(resource.Resource, endpoint).ToString(CultureInfo.InvariantCulture);
        if (resource.Resource is ProjectResource project)
        {
            return IsShellLess(project)
                ? null
                : ["CMD", "bash", "-c", $"exec 3<>/dev/tcp/127.0.0.1/{port} && printf 'GET {health.Path} HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' {health.StatusCode} '"];
        }

        string[] withWget = ["prom/prometheus", "prom/alertmanager", "grafana/grafana"];
        return withWget.Any(i => resource.Image.Contains(i + ":", StringComparison.Ordinal))
            ? ["CMD", "wget", "-q", "-O", "/dev/null", $"http://127.0.0.1:{port}{health.Path}"]
            : null;
    }

    private static bool IsShellLess(ProjectResource project) =>
        XDocument.Load(project.Annotations.OfType<IProjectMetadata>().Single().ProjectPath)
            .Descendants("ContainerBaseImage").Any(i => i.Value.Contains("chiseled", StringComparison.Ordinal));

    private static void Hardening(TextLines yaml, PublishedResource resource, bool isProject)
    {
        yaml.Add(4, "restart: unless-stopped");
        yaml.Add(4, "security_opt:").Add(6, "- no-new-privileges:true");
        if (isProject)
        {
            yaml.Add(4, "user: \"1654\"").Add(4, "read_only: true").Add(4, "cap_drop: [ALL]").Add(4, "tmpfs: [/tmp]");

            // Longer than a drain of 20 s and what is written after it.
            yaml.Add(4, "stop_grace_period: 40s");
        }
        else if (resource.Resource is PostgresServerResource or RedisResource)
        {
            // The images' own users, which they would change to if they started as root by their own entry points.
            yaml.Add(4, "user: \"999:999\"").Add(4, "cap_drop: [ALL]");
        }
        else
        {
            yaml.Add(4, "read_only: true").Add(4, "cap_drop: [ALL]").Add(4, "tmpfs: [/tmp]");
        }

        var (cpus, memory) = resource.Resource switch
        {
            PostgresServerResource => ("2.0", "1g"),
            ProjectResource => ("1.0", "768m"),
            _ => ("0.5", "512m"),
        };
        yaml.Add(4, "deploy:");
        if (isProject && !resource.Endpoints.Any(e => e.IsExternal))
            yaml.Add(6, string.Create(CultureInfo.InvariantCulture, $"replicas: {resource.Replicas}"));
        yaml.Add(6, "resources:").Add(8, "limits:").Add(10, $"cpus: \"{cpus}\"").Add(10, $"memory: {memory}");
    }

    private static string Sample(PublishedModel model)
    {
        var text = new TextLines();
        text.AddBlock(0, """
            # Generated from AppHost/AppHost.cs. Copy to .env and fill in. Use letters, digits, "-", "_", "." and "~" in secrets, 32 or
            # more of them (openssl rand -hex 24): they become parts of connection strings and URIs.
            """);
        text.Add(0, "COMPOSE_PROJECT_NAME=osmen");
        foreach (var parameter in model.Parameters)
            text.Add(0, $"{Variable(parameter.Name)}=");
        text.Add(0, "").Add(0, "# Images of the services, and what is published on this machine.");
        foreach (var project in model.Projects)
            text.Add(0, $"# {Variable(project.Name)}_IMAGE=osmen-{project.Name}:latest");
        foreach (var (resource, endpoint) in model.Resources.SelectMany(r => r.Endpoints.Where(e => e.IsExternal).Select(e => (r, e))))
            text.Add(0, string.Create(CultureInfo.InvariantCulture, $"# {Variable(resource.Name)}_PORT={endpoint.Port}"));
        return text.ToString();
    }

    private static string Relative(string folder, string path) => Path.GetRelativePath(folder, path).Replace('\\', '/') is var relative && relative.StartsWith('.') ? relative : "./" + relative;

    private static string Variable(string name) => name.Replace('-', '_').ToUpperInvariant();
}
