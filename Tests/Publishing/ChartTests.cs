using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;
using YamlDotNet.Serialization;

namespace OsMEN.Tests.Publishing;

/// <summary>The rendered chart, as far as it can be checked without Helm and a cluster: which objects there are, and their links.</summary>
public sealed partial class ChartTests(PublishedModel published, ChartRenderer renderer)
    : IClassFixture<PublishedModel>, IClassFixture<ChartRenderer>
{
    private const string Managed = "eng/check-chart/managed.yaml";
    private const string Everything = "eng/check-chart/everything.yaml";

    private static readonly Dictionary<string, string> s_kinds = new(StringComparer.Ordinal)
    {
        ["ConfigMap"] = "v1",
        ["Deployment"] = "apps/v1",
        ["HorizontalPodAutoscaler"] = "autoscaling/v2",
        ["Ingress"] = "networking.k8s.io/v1",
        ["NetworkPolicy"] = "networking.k8s.io/v1",
        ["PodDisruptionBudget"] = "policy/v1",
        ["PrometheusRule"] = "monitoring.coreos.com/v1",
        ["ScaledObject"] = "keda.sh/v1alpha1",
        ["Service"] = "v1",
        ["ServiceMonitor"] = "monitoring.coreos.com/v1",
        ["StatefulSet"] = "apps/v1",
        ["TriggerAuthentication"] = "keda.sh/v1alpha1",
    };

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Managed_servers_need_nothing_but_their_hosts()
    {
        var objects = await renderer.RenderAsync(published, Managed);
        Assert.Equal(
            [
                "ConfigMap/r-catalog-agents", "ConfigMap/r-catalog-commands", "ConfigMap/r-catalog-workflows",
                "Deployment/r-agentworker", "Deployment/r-gateway", "HorizontalPodAutoscaler/r-gateway",
                "NetworkPolicy/r-agentworker", "NetworkPolicy/r-gateway", "PodDisruptionBudget/r-agentworker",
                "PodDisruptionBudget/r-gateway", "Service/r-agentworker", "Service/r-gateway",
            ],
            objects.Select(Name).Order(StringComparer.Ordinal));
        Check(objects);
        var gateway = Container(objects, "gateway");
        var environment = Variables(gateway);
        Assert.Equal(
            "Host=db.example.com;Port=5432;Username=postgres;Password=$(SECRET_POSTGRES_PASSWORD);Database=osmen",
            environment["ConnectionStrings__osmen"]);
        Assert.Equal("redis.example.com:6379,password=$(SECRET_REDIS_PASSWORD)", environment["ConnectionStrings__redis"]);
        Assert.Equal("osm_$(SECRET_ADMIN_KEY):admin:admin", environment["OSMEN_API_KEYS"]);
        Assert.DoesNotContain("LOKI_OTLP_ENDPOINT", environment.Keys);
        Assert.Equal($"osmen-gateway:{published.Version}", Text(gateway, "image"));
    }

    [Fact]
    public async Task Everything_turned_on_fits_together()
    {
        var objects = await renderer.RenderAsync(published, Everything);
        Assert.Equal(
            s_kinds.Keys.Order(StringComparer.Ordinal), objects.Select(o => Text(o, "kind")).Distinct().Order(StringComparer.Ordinal));
        Check(objects);
        var gateway = Container(objects, "gateway");
        var environment = Variables(gateway);
        Assert.Equal("http://loki.monitoring:3100/otlp/v1/logs", environment["LOKI_OTLP_ENDPOINT"]);
        Assert.Equal("http://jaeger.monitoring:4318/v1/traces", environment["JAEGER_OTLP_ENDPOINT"]);
        Assert.Equal("DEBUG", environment["LOG_LEVEL"]);
        Assert.StartsWith("Host=r-postgres.default.svc;", environment["ConnectionStrings__osmen"], StringComparison.Ordinal);
        Assert.Equal($"registry.example.com/team/osmen-gateway:{published.Version}", Text(gateway, "image"));
    }

    [Fact]
    public async Task The_values_name_user_database_image_and_tls()
    {
        var objects = await renderer.RenderAsync(published, Managed, await ValuesAsync("""
            postgres: {user: agents, database: prod, inCluster: {enabled: true}}
            redis: {tls: true}
            agentworker: {image: {repository: team/worker, tag: "7"}, autoscaling: {enabled: true}}
            """));
        var worker = Container(objects, "agentworker");
        Assert.Equal("team/worker:7", Text(worker, "image"));
        var variables = Variables(worker);
        Assert.Equal(
            "Host=r-postgres.default.svc;Port=5432;Username=agents;Password=$(SECRET_POSTGRES_PASSWORD);Database=prod",
            variables["ConnectionStrings__osmen"]);
        Assert.Equal("redis.example.com:6379,password=$(SECRET_REDIS_PASSWORD),ssl=true", variables["ConnectionStrings__redis"]);
        var server = Variables(Container(objects, "postgres"));
        Assert.Equal(("agents", "prod"), (server["POSTGRES_USER"], server["POSTGRES_DB"]));
        var scaler = objects.Single(o => Text(o, "kind") == "ScaledObject");
        var trigger = Map(Items(Map(scaler, "spec"), "triggers").Single(), "metadata");
        Assert.Equal(("agents", "prod", "disable"), (Text(trigger, "userName"), Text(trigger, "dbName"), Text(trigger, "sslmode")));
    }

    [Fact]
    public async Task A_missing_host_is_an_error_that_names_the_value()
    {
        var (status, output) = await renderer.RunAsync(published);
        Assert.NotEqual(0, status);
        Assert.Contains(
            "postgres.host is not set. Give the host of your server, or set postgres.inCluster.enabled to run one in the cluster.",
            output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_catalog_is_mounted_from_ConfigMaps()
    {
        var objects = await renderer.RenderAsync(published, Managed, await ValuesAsync("catalog: {commands: my-commands}"));
        Assert.DoesNotContain("ConfigMap/r-catalog-commands", objects.Select(Name));
        foreach (var folder in new[] { "agents", "workflows" })
        {
            var data = Labels(Map(objects.Single(o => Name(o) == $"ConfigMap/r-catalog-{folder}"), "data"));
            var files = new DirectoryInfo(Path.Combine(published.Root, "catalog", folder)).GetFiles()
                .ToDictionary(f => f.Name, f => File.ReadAllText(f.FullName));
            Assert.Equal(files, data);
        }

        foreach (var service in objects.Where(o => Text(o, "kind") == "Deployment"))
        {
            var volumes = Items(Map(service, "spec", "template", "spec"), "volumes").Where(v => v.Children.ContainsKey("configMap"));
            var names = volumes.Select(v => Text(Map(v, "configMap"), "name"));
            Assert.Equal(["r-catalog-agents", "my-commands", "r-catalog-workflows"], names);
            var mounts = Items(Containers([service]).Single(), "volumeMounts").Select(m => Text(m, "mountPath"));
            Assert.Equal(["/tmp", "/app/catalog/agents", "/app/catalog/commands", "/app/catalog/workflows"], mounts);
        }
    }

    [Fact]
    public async Task The_notes_lead_to_a_first_answer()
    {
        var (status, output) = await renderer.RunAsync(published, Managed);
        Assert.True(status == 0, output);
        Assert.Contains("curl http://127.0.0.1:8080/health/ready\n", output, StringComparison.Ordinal);
        var values = await File.ReadAllLinesAsync(Path.Combine(published.Helm, "values.yaml"), Cancelled);
        var secret = values.Single(l => l.StartsWith("existingSecret: ", StringComparison.Ordinal)).Split(' ')[1];
        Assert.Contains($"get secret {secret} --output jsonpath='{{.data.admin-key}}'", output, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(published.Root, "catalog", "agents", "daily_brief.yaml")));
        Assert.Contains("/api/v1/agents/daily_brief/executions?wait=30s", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_schema_accepts_the_values_and_refuses_wrong_ones()
    {
        using var schema = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(published.Helm, "values.schema.json"), Cancelled));
        var checker = new JsonSchemaSubset(schema.RootElement);
        var values = await File.ReadAllTextAsync(Path.Combine(published.Helm, "values.yaml"), Cancelled);
        Assert.Empty(Errors(values));
        Assert.Equal("$.gateway.replicas: is not integer", WithChange("replicas: 2", "replicas: two")[0]);
        var policy = Assert.Single(WithChange("IfNotPresent", "Sometimes"));
        Assert.StartsWith("$.imagePullPolicy: is none of ", policy, StringComparison.Ordinal);
        Assert.Equal("$.postgres.user: is shorter than 1", Assert.Single(WithChange("user: postgres", "user: \"\"")));

        IReadOnlyList<string> WithChange(string from, string to) => Errors(values.Replace(from, to, StringComparison.Ordinal));

        IReadOnlyList<string> Errors(string yaml)
        {
            var parsed = new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build().Deserialize(yaml);
            using var json = JsonDocument.Parse(new SerializerBuilder().JsonCompatible().Build().Serialize(parsed));
            return checker.Check(json.RootElement);
        }
    }

    private static void Check(IReadOnlyList<YamlMappingNode> objects)
    {
        Assert.Distinct(objects.Select(Name));
        Assert.All(objects, o => Assert.Equal(s_kinds[Text(o, "kind")], Text(o, "apiVersion")));
        var workloads = objects.Where(o => Text(o, "kind") is "Deployment" or "StatefulSet").ToArray();
        var pods = workloads.ToDictionary(Name, w => Labels(Map(w, "spec", "template", "metadata", "labels")));
        foreach (var workload in workloads)
        {
            AssertSelects(Map(workload, "spec", "selector", "matchLabels"), [pods[Name(workload)]]);
            Assert.Equal("true", Text(Map(workload, "spec", "template", "spec", "securityContext"), "runAsNonRoot"));
        }

        foreach (var service in objects.Where(o => Text(o, "kind") == "Service"))
        {
            AssertSelects(Map(service, "spec", "selector"), pods.Values);
            var target = Text(Items(Map(service, "spec"), "ports").Single(), "targetPort");
            var name = Text(Map(service, "metadata"), "name");
            Assert.Contains(target, Ports(workloads.Single(w => Text(Map(w, "metadata"), "name") == name)));
        }

        foreach (var policy in objects.Where(o => Text(o, "kind") is "NetworkPolicy"))
            AssertSelects(Map(policy, "spec", "podSelector", "matchLabels"), pods.Values);
        foreach (var budget in objects.Where(o => Text(o, "kind") is "PodDisruptionBudget"))
            AssertSelects(Map(budget, "spec", "selector", "matchLabels"), pods.Values);
        foreach (var scaler in objects.Where(o => Text(o, "kind") is "HorizontalPodAutoscaler" or "ScaledObject"))
            Assert.Contains("Deployment/" + Text(Map(scaler, "spec", "scaleTargetRef"), "name"), pods.Keys);
        var volumes = workloads.ToDictionary(w => Containers([w]).Single(), VolumeNames);
        foreach (var container in volumes.Keys)
        {
            foreach (var field in new[] { "image", "resources", "readinessProbe", "securityContext", "volumeMounts" })
                Assert.True(container.Children.ContainsKey(field), field);
            CheckEnvironment(container);
            Assert.All(Items(container, "volumeMounts"), m => Assert.Contains(Text(m, "name"), volumes[container]));
        }
    }

    // $(NAME) is filled in from variables before it only; a secret's key has to be one that the values ask for.
    private static void CheckEnvironment(YamlMappingNode container)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var variable in Environment(container))
        {
            if (variable.Children.ContainsKey("valueFrom"))
            {
                var reference = Map(variable, "valueFrom", "secretKeyRef");
                Assert.Equal("osmen", Text(reference, "name"));
                string[] keys = ["admin-key", "openai", "scrape-token", "postgres-password", "redis-password"];
                Assert.Contains(Text(reference, "key"), keys);
            }
            else
            {
                var value = Text(variable, "value");
                Assert.All(SecretReference().Matches(value), m => Assert.Contains(m.Groups["name"].Value, seen));
            }

            Assert.True(seen.Add(Text(variable, "name")), Text(variable, "name"));
        }
    }

    private async Task<string> ValuesAsync(string yaml)
    {
        var path = Path.Combine(Path.GetDirectoryName(published.Manifest)!, Path.GetRandomFileName());
        await File.WriteAllTextAsync(path, yaml, Cancelled);
        return path;
    }

    private static void AssertSelects(YamlMappingNode selector, IEnumerable<Dictionary<string, string>> pods) =>
        Assert.Single(pods, labels => Labels(selector).All(l => labels.GetValueOrDefault(l.Key) == l.Value));

    private static IEnumerable<YamlMappingNode> Containers(IReadOnlyList<YamlMappingNode> objects) =>
        objects.Where(o => Text(o, "kind") is "Deployment" or "StatefulSet")
            .SelectMany(o => Items(Map(o, "spec", "template", "spec"), "containers"));

    private static YamlMappingNode Container(IReadOnlyList<YamlMappingNode> objects, string name) =>
        Containers(objects).Single(c => Text(c, "name") == name);

    private static Dictionary<string, string> Variables(YamlMappingNode container) =>
        Environment(container).Where(v => v.Children.ContainsKey("value")).ToDictionary(v => Text(v, "name"), v => Text(v, "value"));

    private static IEnumerable<YamlMappingNode> Items(YamlMappingNode node, string name) =>
        ((YamlSequenceNode)node[name]).Cast<YamlMappingNode>();

    private static IEnumerable<YamlMappingNode> Environment(YamlMappingNode container) => Items(container, "env");

    private static IEnumerable<string> VolumeNames(YamlMappingNode workload) => Text(workload, "kind") == "StatefulSet"
        ? Items(Map(workload, "spec"), "volumeClaimTemplates").Select(v => Text(Map(v, "metadata"), "name"))
        : Items(Map(workload, "spec", "template", "spec"), "volumes").Select(v => Text(v, "name"));

    private static IEnumerable<string> Ports(YamlMappingNode workload) =>
        Containers([workload]).SelectMany(c => Items(c, "ports")).Select(p => Text(p, "name"));

    private static Dictionary<string, string> Labels(YamlMappingNode map) =>
        map.Children.ToDictionary(c => c.Key.ToString(), c => c.Value.ToString());

    private static YamlMappingNode Map(YamlMappingNode node, params string[] path) =>
        path.Aggregate(node, (map, part) => (YamlMappingNode)map[part]);

    private static string Text(YamlMappingNode node, string name) => ((YamlScalarNode)node[name]).Value ?? "";

    private static string Name(YamlMappingNode node) => $"{Text(node, "kind")}/{Text(Map(node, "metadata"), "name")}";

    [GeneratedRegex("\\$\\((?<name>\\w+)\\)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex SecretReference();
}
