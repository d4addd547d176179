using System.Globalization;
using YamlDotNet.Serialization;

namespace OsMEN.AppHost.Publishing;

/// <summary>Writes a Docker Compose file, and a sample of the variables that it needs.</summary>
/// <param name="model">The application model.</param>
/// <param name="folder">The folder of the file, which the paths that it mounts are relative to.</param>
internal sealed class ComposeFile(PublishedModel model, string folder) : ValueWriter(model)
{
    private const string Header = """
        # Generated from AppHost/AppHost.cs by: aspire do compose --output-path deploy
        # Copy .env.sample to .env, fill it in, and: docker compose up -d

        """;

    /// <summary>The files by name.</summary>
    public IReadOnlyDictionary<string, string> Write()
    {
        var volumes = Model.Services.SelectMany(s => s.Mounts).Where(m => m.Type == ContainerMountType.Volume);
        var file = new Dictionary<string, object>
        {
            ["services"] = Model.Services.ToDictionary(s => s.Name, Service),
            ["volumes"] = volumes.ToDictionary(v => v.Source!, _ => new Dictionary<string, object>()),
        };
        var yaml = new SerializerBuilder()
            .WithIndentedSequences().WithQuotingNecessaryStrings(quoteYaml1_1Strings: true).DisableAliases().WithNewLine("\n").Build();
        return new Dictionary<string, string>
        {
            ["docker-compose.yaml"] = Header.ReplaceLineEndings("\n") + yaml.Serialize(file),
            [".env.sample"] = Sample().ReplaceLineEndings("\n"),
        };
    }

    protected override string Literal(string text) => text.Replace("$", "$$", StringComparison.Ordinal);

    protected override string Parameter(ParameterResource parameter) =>
        $"${{{Variable(parameter.Name)}:?set {Variable(parameter.Name)} in .env}}";

    protected override string Host(IResource resource) => resource.Name;

    protected override string Port(EndpointReference endpoint) => Number(Model.PortOf(endpoint));

    protected override string TlsCondition(EndpointReference endpoint, string whenTls, string whenPlain) =>
        endpoint.TlsEnabled ? whenTls : whenPlain;

    private Dictionary<string, object> Service(PublishedService service)
    {
        var yaml = new Dictionary<string, object> { ["image"] = Image(service) };
        if (service.Resource is ContainerResource { Entrypoint: { } entrypoint })
        {
            yaml["entrypoint"] = new[] { entrypoint };
        }

        AddMany(yaml, "command", service.Arguments.Select(Write));
        var environment = service.Environment.ToDictionary(v => v.Key, v => Write(v.Value));
        if (Model.Databases.FirstOrDefault(d => d.Parent == service.Resource) is { } database)
        {
            environment["POSTGRES_DB"] = database.DatabaseName;
        }

        AddMany(yaml, "environment", environment);
        AddMany(yaml, "ports", Ports(service).Select(p => $"${{{p.Variable}:-{p.Outside}}}:{p.Inside}"));
        AddMany(yaml, "volumes", Volumes(service));
        AddMany(yaml, "depends_on", Dependencies(service));
        if (HealthTest(service) is { } test)
        {
            yaml["healthcheck"] = new Dictionary<string, object>
            {
                ["test"] = test,
                ["interval"] = "5s",
                ["timeout"] = "3s",
                ["retries"] = 12,
                ["start_period"] = "10s",
            };
        }

        AddLimits(yaml, service);
        return yaml;
    }

    private static void AddMany<T>(Dictionary<string, object> yaml, string name, IEnumerable<T> items)
    {
        var many = items as ICollection<T> ?? [.. items];
        if (many.Count > 0)
        {
            yaml[name] = many;
        }
    }

    // Only what is meant for outside is published, on ports that can be chosen.
    private static IEnumerable<(string Variable, string Outside, string Inside)> Ports(PublishedService service) =>
        from endpoint in service.Endpoints
        where endpoint.Endpoint.IsExternal
        let inside = PublishedService.PortOf(endpoint)
        select ($"{Variable(service.Name)}_PORT", Number(endpoint.ExposedPort.Value ?? inside), Number(inside));

    private static string Image(PublishedService service) => service.Resource is ProjectResource project
        ? $"${{{Variable(service.Name)}_IMAGE:-{ProjectImage.Of(project).Repository}:{PublishedModel.Version}}}"
        : service.Image;

    private IEnumerable<string> Volumes(PublishedService service)
    {
        foreach (var mount in service.Mounts)
        {
            var source = mount.Type == ContainerMountType.BindMount ? Relative(mount.Source!) : mount.Source;
            yield return $"{source}:{mount.Target}{(mount.IsReadOnly ? ":ro" : "")}";
        }

        // Over the image's copy, so that a change of a prompt needs no new image.
        if (service.Environment.TryGetValue("CATALOG_PATH", out var catalog))
        {
            yield return $"{Relative(Path.Combine(Model.SolutionDirectory, "catalog"))}:{catalog}:ro";
        }
    }

    private Dictionary<string, object> Dependencies(PublishedService service)
    {
        var waits =
            from wait in service.Resource.Annotations.OfType<WaitAnnotation>()
            let awaited = (wait.Resource as IResourceWithParent)?.Parent ?? wait.Resource
            from target in Model.Services
            where target.Resource == awaited
            select (target, wait.WaitType);
        return waits.DistinctBy(w => w.target.Name).ToDictionary(w => w.target.Name, w => (object)new Dictionary<string, string>
        {
            ["condition"] = w.WaitType switch
            {
                WaitType.WaitForCompletion => "service_completed_successfully",
                WaitType.WaitUntilHealthy when HealthTest(w.target) is not null => "service_healthy",
                _ => "service_started",
            },
        });
    }

    /// <summary>A test that can run inside the image; null for an image with no shell or client.</summary>
    private static string[]? HealthTest(PublishedService service)
    {
        var port = Number(service.Endpoints is [var first, ..] ? PublishedService.PortOf(first) : 0);
        return service.Resource switch
        {
            PostgresServerResource => ["CMD-SHELL", "pg_isready -q -h 127.0.0.1 -U \"$$POSTGRES_USER\" -d \"$$POSTGRES_DB\""],
            RedisResource => ["CMD-SHELL", "REDISCLI_AUTH=\"$$REDIS_PASSWORD\" redis-cli ping | grep -q PONG"],
            PrometheusResource or AlertmanagerResource => Wget(port, "/-/ready"),
            GrafanaResource => Wget(port, "/api/health"),
            ProjectResource project when ProjectImage.Of(project).HasShell =>
            [
                "CMD",
                "bash",
                "-c",
                $"exec 3<>/dev/tcp/127.0.0.1/{port} && printf 'GET /health/ready HTTP/1.0\\r\\n\\r\\n' >&3 && "
                    + "head -n 1 <&3 | grep -q ' 200 '",
            ],
            _ => null,
        };
    }

    private static string[] Wget(string port, string path) => ["CMD", "wget", "-q", "-O", "/dev/null", $"http://127.0.0.1:{port}{path}"];

    private static void AddLimits(Dictionary<string, object> yaml, PublishedService service)
    {
        yaml["restart"] = "unless-stopped";
        yaml["security_opt"] = new[] { "no-new-privileges:true" };
        yaml["cap_drop"] = new[] { "ALL" };

        // PostgreSQL's and Redis's images change to this user if they are started as root.
        var isServer = service.Resource is PostgresServerResource or RedisResource;
        if (isServer || service.Resource is ProjectResource)
        {
            yaml["user"] = isServer ? "999:999" : "1654";
        }

        if (!isServer)
        {
            yaml["read_only"] = true;
            yaml["tmpfs"] = new[] { "/tmp" };
        }

        // Longer than a drain of 20 s and what is written after it.
        if (service.Resource is ProjectResource)
        {
            yaml["stop_grace_period"] = "40s";
        }

        var (cpus, memory) = service.Resource switch
        {
            PostgresServerResource => ("2.0", "1g"),
            ProjectResource => ("1.0", "768m"),
            _ => ("0.5", "512m"),
        };
        var deploy = new Dictionary<string, object>();
        if (service.Resource is ProjectResource && !service.IsExternal)
        {
            deploy["replicas"] = service.Resource.GetReplicaCount();
        }

        var limits = new Dictionary<string, string> { ["cpus"] = cpus, ["memory"] = memory };
        deploy["resources"] = new Dictionary<string, object> { ["limits"] = limits };
        yaml["deploy"] = deploy;
    }

    private string Sample()
    {
        var secrets = Parameters(Model.Services);
        var images = Model.Projects
            .Select(p => $"# {Variable(p.Name)}_IMAGE={ProjectImage.Of((ProjectResource)p.Resource).Repository}:{PublishedModel.Version}");
        var ports = Model.Services.SelectMany(Ports).Select(p => $"# {p.Variable}={p.Outside}");
        return $"""
            # Generated from AppHost/AppHost.cs. Copy to .env and fill in. Use letters, digits, "-", "_", "." and "~" in secrets, 32 or
            # more of them (openssl rand -hex 24): they become parts of connection strings.
            COMPOSE_PROJECT_NAME=osmen
            {string.Join('\n', secrets.Select(s => $"{Variable(s)}="))}

            # The services' images, and the ports that are published on this machine.
            {string.Join('\n', images.Concat(ports))}

            """;
    }

    private string Relative(string path)
    {
        var relative = Path.GetRelativePath(folder, path).Replace('\\', '/');
        return relative.StartsWith('.') ? relative : "./" + relative;
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Variable(string name) => name.Replace('-', '_').ToUpperInvariant();
}
