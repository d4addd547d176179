using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OsMEN.LocalHosting.Publishing;

/// <summary>The chart's values, and the schema that Helm checks them against.</summary>
internal static class HelmValues
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Values(PublishedModel model)
    {
        var yaml = new TextLines();
        yaml.Add(0, "# A secret that exists already, with these keys:");
        foreach (var parameter in model.Parameters.Where(p => IsUsed(model, p)))
            yaml.Add(0, $"#   {parameter.Name}");
        yaml.AddBlock(0, """
            # Use letters, digits, "-", "_", "." and "~" in them: they become parts of connection strings and URIs.
            existingSecret: osmen
            imagePullPolicy: IfNotPresent
            imagePullSecrets: []
            """);
        foreach (var project in model.Projects)
            Project(yaml, project);
        foreach (var server in model.Containers.Where(c => c.Resource is IResourceWithConnectionString))
            Server(yaml, server);
        foreach (var endpoints in Optional(model).GroupBy(e => e.Resource.Name))
        {
            yaml.Add(0, "# Where telemetry goes too; nowhere without a host.").Add(0, $"{HelmPublisher.Key(endpoints.Key)}:").Add(2, "host: \"\"").Add(2, "ports:");
            foreach (var endpoint in endpoints)
                yaml.Add(4, string.Create(CultureInfo.InvariantCulture, $"{endpoint.EndpointName}: {PublishedModel.TargetPort(endpoint.Resource, endpoint.EndpointAnnotation)}"));
        }

        yaml.AddBlock(0, """
            networkPolicy:
              enabled: true
              # From where the workers' metrics are scraped.
              monitoringNamespace: monitoring
              # From where KEDA asks a database in the cluster.
              kedaNamespace: keda
            ingress:
              enabled: false
              className: ""
              host: osmen.example.com
              tlsSecret: ""
              annotations: {}
            # Both need the Prometheus Operator.
            serviceMonitor:
              enabled: false
            prometheusRule:
              enabled: false
            """);
        return yaml.ToString();
    }

    public static string Schema(PublishedModel model)
    {
        var properties = new JsonObject
        {
            ["existingSecret"] = new JsonObject { ["type"] = "string", ["minLength"] = 1 },
            ["imagePullPolicy"] = new JsonObject { ["enum"] = new JsonArray("Always", "IfNotPresent", "Never") },
        };
        foreach (var project in model.Projects)
        {
            properties[HelmPublisher.Key(project.Name)] = new JsonObject
            {
                ["type"] = "object",
                ["required"] = new JsonArray("image", "replicas", "resources"),
                ["properties"] = new JsonObject
                {
                    ["image"] = new JsonObject { ["type"] = "string", ["minLength"] = 1 },
                    ["replicas"] = new JsonObject { ["type"] = "integer", ["minimum"] = 0 },

                    // A drain takes 20 s.
                    ["terminationGracePeriodSeconds"] = new JsonObject { ["type"] = "integer", ["minimum"] = 30 },
                    ["extraEnv"] = new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "object", ["required"] = new JsonArray("name") } },
                },
            };
        }

        foreach (var server in model.Containers.Where(c => c.Resource is IResourceWithConnectionString))
        {
            properties[HelmPublisher.Key(server.Name)] = new JsonObject
            {
                ["type"] = "object",
                ["description"] = "Either the host of a managed server, or inCluster.enabled.",
                ["anyOf"] = new JsonArray(
                    new JsonObject { ["properties"] = new JsonObject { ["host"] = new JsonObject { ["type"] = "string", ["minLength"] = 1 } } },
                    new JsonObject { ["properties"] = new JsonObject { ["inCluster"] = new JsonObject { ["properties"] = new JsonObject { ["enabled"] = new JsonObject { ["const"] = true } } } } }),
            };
        }

        return new JsonObject
        {
            ["$schema"] = "http://json-schema.org/draft-07/schema#",
            ["type"] = "object",
            ["required"] = new JsonArray("existingSecret"),
            ["properties"] = properties,
        }.ToJsonString(s_json) + "\n";
    }

    private static void Project(TextLines yaml, PublishedResource project)
    {
        var isExternal = project.Endpoints.Any(e => e.IsExternal);
        var replicas = Math.Max(2, project.Replicas);
        yaml.Add(0, $"{HelmPublisher.Key(project.Name)}:");
        yaml.Add(2, $"image: osmen-{project.Name}:latest");
        yaml.Add(2, string.Create(CultureInfo.InvariantCulture, $"replicas: {replicas}"));
        yaml.AddBlock(2, """
            terminationGracePeriodSeconds: 50
            # More variables, as a pod has them: providers' keys by secretKeyRef, LOG_LEVEL and so on.
            extraEnv: []
            resources:
              requests:
                cpu: 250m
                memory: 256Mi
              limits:
                memory: 768Mi
            """);
        yaml.Add(2, "autoscaling:");
        if (!isExternal)
            yaml.Add(4, "# By the depth of the queue; needs KEDA.");
        yaml.Add(4, isExternal ? "enabled: true" : "enabled: false");
        yaml.Add(4, string.Create(CultureInfo.InvariantCulture, $"minReplicas: {replicas}")).Add(4, isExternal ? "maxReplicas: 10" : "maxReplicas: 50");
        yaml.Add(4, isExternal ? "targetCpuUtilization: 70" : "duePerReplica: 64");
    }

    private static void Server(TextLines yaml, PublishedResource server)
    {
        yaml.Add(0, "# A managed server, or one in the cluster for trying it out.").Add(0, $"{HelmPublisher.Key(server.Name)}:").Add(2, "host: \"\"").Add(2, "ports:");
        foreach (var endpoint in server.Endpoints)
            yaml.Add(4, string.Create(CultureInfo.InvariantCulture, $"{endpoint.Name}: {PublishedModel.TargetPort(server.Resource, endpoint)}"));
        if (server.Resource is PostgresServerResource)
            yaml.Add(2, "# How KEDA connects: \"disable\" with a server in the cluster.").Add(2, "sslmode: require");
        yaml.Add(2, "inCluster:").Add(4, "enabled: false").Add(4, $"image: {server.Image}").Add(4, "storage: 10Gi");
        yaml.AddBlock(4, """
            resources:
              requests:
                cpu: 250m
                memory: 256Mi
              limits:
                memory: 1Gi
            """);
    }

    private static IEnumerable<EndpointReference> Optional(PublishedModel model) => model.Projects
        .SelectMany(p => p.Environment).SelectMany(v => ValueText.Endpoints(v.Value))
        .Where(e => e.Resource is ContainerResource and not IResourceWithConnectionString)
        .DistinctBy(e => (e.Resource.Name, e.EndpointName));

    private static bool IsUsed(PublishedModel model, ParameterResource parameter) => model.Projects.SelectMany(p => p.Environment).Any(v => ValueText.Parameters(v.Value).Contains(parameter));
}
