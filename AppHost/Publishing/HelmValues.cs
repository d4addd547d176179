using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OsMEN.AppHost.Publishing;

/// <summary>The chart's values, and the schema that Helm checks them against.</summary>
internal static class HelmValues
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, NewLine = "\n" };

    public static string Values(PublishedModel model, IEnumerable<string> catalogFolders)
    {
        var secrets = ValueWriter.Parameters(model.Projects);
        var optional = HelmEnvironment.Optional(model).GroupBy(e => e.Resource.Name).Select(endpoints => $"""
            {endpoints.Key}:
              host: ""
              ports:
                {Ports(endpoints.Select(e => (e.EndpointName, model.PortOf(e))))}

            """);
        return new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $$"""
                # The name of a secret in the release's namespace with these keys:
                #   {{string.Join("\n#   ", secrets)}}
                # Use letters, digits, "-", "_", "." and "~" in them: they become parts of connection strings.
                existingSecret: osmen
                # Before the repositories of the services' images, such as registry.example.com/team.
                imageRegistry: ""
                imagePullPolicy: IfNotPresent
                imagePullSecrets: []
                # Each folder of the catalog is a ConfigMap: the chart's, with the files of its catalog/, or one of yours, which you can
                # change without Helm: kubectl create configmap my-agents --from-file=catalog/agents
                catalog:
                  {{string.Join("\n  ", catalogFolders.Select(f => $"{f}: \"\""))}}

                """)
            .AppendJoin("", model.Projects.Select(Project))
            .AppendJoin("", model.Servers.Select(s => Server(model, s)))
            .Append("# Where services send telemetry to, and read it from. They do without those that have no host.\n")
            .AppendJoin("", optional)
            .Append("""
                networkPolicy:
                  enabled: true
                  # The namespace that the workers' metrics are scraped from.
                  monitoringNamespace: monitoring
                  # The namespace that KEDA asks a database in the cluster from.
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

                """)
            .ToString();
    }

    /// <summary>What a wrong value would break without an error: empty names, numbers that are text, misspelt policies.</summary>
    public static string Schema(PublishedModel model)
    {
        var properties = new JsonObject
        {
            ["existingSecret"] = Text(1),
            ["imageRegistry"] = Text(0),
            ["imagePullPolicy"] = new JsonObject { ["enum"] = new JsonArray("Always", "IfNotPresent", "Never") },
            ["catalog"] = new JsonObject { ["type"] = "object", ["additionalProperties"] = Text(0) },
        };
        foreach (var project in model.Projects)
        {
            properties[project.Name] = Object(["image", "replicas", "resources"], new()
            {
                ["image"] = Object(["repository"], new() { ["repository"] = Text(1), ["tag"] = Text(0) }),
                ["replicas"] = new JsonObject { ["type"] = "integer", ["minimum"] = 0 },

                // A drain takes 20 s.
                ["terminationGracePeriodSeconds"] = new JsonObject { ["type"] = "integer", ["minimum"] = 30 },
                ["extraEnv"] = new JsonObject { ["type"] = "array", ["items"] = Object(["name"], []) },
            });
        }

        foreach (var server in model.Servers)
        {
            JsonObject known = server.Resource is PostgresServerResource
                ? new() { ["host"] = Text(0), ["user"] = Text(1), ["database"] = Text(1) }
                : new() { ["host"] = Text(0), ["tls"] = new JsonObject { ["type"] = "boolean" } };
            properties[server.Name] = Object([.. known.Select(p => p.Key)], known);
        }

        var schema = Object(["existingSecret"], properties);
        schema.Insert(0, "$schema", "http://json-schema.org/draft-07/schema#");
        return schema.ToJsonString(s_json) + "\n";
    }

    private static string Project(PublishedService project)
    {
        var replicas = Math.Max(2, project.Resource.GetReplicaCount());
        var (comment, metric) = project.IsExternal
            ? ("# By CPU.\n    enabled: true", "maxReplicas: 10\n    targetCpuUtilization: 70")
            : ("# By the number of executions that are due; needs KEDA.\n    enabled: false", "maxReplicas: 50\n    duePerReplica: 64");
        return string.Create(CultureInfo.InvariantCulture, $$"""
            {{project.Name}}:
              image:
                repository: {{ProjectImage.Of((ProjectResource)project.Resource).Repository}}
                # The chart's appVersion, unless it is set.
                tag: ""
              replicas: {{replicas}}
              terminationGracePeriodSeconds: 50
              # More variables, as a pod has them: a provider's key by secretKeyRef, LOG_LEVEL and so on.
              extraEnv: []
              resources:
                requests:
                  cpu: 250m
                  memory: 256Mi
                limits:
                  memory: 768Mi
              autoscaling:
                {{comment}}
                minReplicas: {{replicas}}
                {{metric}}

            """);
    }

    private static string Server(PublishedModel model, PublishedService server)
    {
        var own = model.Databases.FirstOrDefault(d => d.Parent == server.Resource) is { } database
            ? $"""
                # The user owns the database, or may create a schema in it.
                  user: {database.Parent.UserNameReference.Format}
                  database: {database.DatabaseName}
                  # How KEDA connects to a managed server.
                  sslmode: require
                """
            : "tls: false";
        return string.Create(CultureInfo.InvariantCulture, $"""
            # A managed server, or one in the cluster for trying it out.
            {server.Name}:
              host: ""
              ports:
                {Ports(server.Endpoints.Select(e => (e.Endpoint.Name, PublishedService.PortOf(e))))}
              {own}
              inCluster:
                enabled: false
                image: {server.Image}
                storage: 10Gi
                resources:
                  requests:
                    cpu: 250m
                    memory: 256Mi
                  limits:
                    memory: 1Gi

            """);
    }

    private static string Ports(IEnumerable<(string Name, int Port)> ports) =>
        string.Join("\n    ", ports.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Name}: {p.Port}")));

    private static JsonObject Text(int minLength) => new() { ["type"] = "string", ["minLength"] = minLength };

    private static JsonObject Object(string[] required, JsonObject properties) =>
        new() { ["type"] = "object", ["required"] = new JsonArray([.. required.Select(r => (JsonNode)r)]), ["properties"] = properties };
}
