using YamlDotNet.RepresentationModel;
using YamlDotNet.Serialization;

namespace OsMEN.Tests.Publishing;

/// <summary>The chart, rendered, as far as can be seen without Helm and a cluster: what is there, and that its parts fit.</summary>
public sealed class ChartTests(PublishedModel published) : IClassFixture<PublishedModel>
{
    private static readonly Dictionary<string, string> s_kinds = new(StringComparer.Ordinal)
    {
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

    [Fact]
    public void The_default_values_give_the_services_on_managed_servers()
    {
        var objects = Render(_ => { });
        Assert.Equal(
            [
                "Deployment/r-agentworker", "Deployment/r-gateway", "HorizontalPodAutoscaler/r-gateway", "NetworkPolicy/r-agentworker", "NetworkPolicy/r-gateway",
                "PodDisruptionBudget/r-agentworker", "PodDisruptionBudget/r-gateway", "Service/r-agentworker", "Service/r-gateway",
            ],
            objects.Select(Name).Order(StringComparer.Ordinal));
        Check(objects);
        var connection = Containers(objects).SelectMany(Environment).First(v => Text(v, "name") == "ConnectionStrings__osmen");
        Assert.Equal("Host=;Port=5432;Username=postgres;Password=$(SECRET_POSTGRES_PASSWORD);Database=osmen", Text(connection, "value"));
    }

    [Fact]
    public void Everything_turned_on_fits_together()
    {
        var objects = Render(values =>
        {
            foreach (var name in new[] { "postgres", "redis" })
                At(values, name, "inCluster")["enabled"] = "true";
            At(values, "agentworker", "autoscaling")["enabled"] = "true";
            foreach (var name in new[] { "ingress", "serviceMonitor", "prometheusRule" })
                At(values, name)["enabled"] = "true";
            At(values, "loki")["host"] = "loki.monitoring";
            At(values, "ingress")["className"] = "nginx";
            At(values, "ingress")["tlsSecret"] = "tls";
            At(values, "gateway")["extraEnv"] = new List<object> { new Dictionary<object, object> { ["name"] = "LOG_LEVEL", ["value"] = "DEBUG" } };
        });
        Assert.Equal(s_kinds.Keys.Order(StringComparer.Ordinal), objects.Select(o => Text(o, "kind")).Distinct().Order(StringComparer.Ordinal));
        Check(objects);
        var gateway = Containers(objects).Single(c => Text(c, "name") == "gateway");
        var environment = Environment(gateway).Where(v => v.Children.ContainsKey("value")).ToDictionary(v => Text(v, "name"), v => Text(v, "value"));
        Assert.Equal("http://loki.monitoring:3100/otlp/v1/logs", environment["LOKI_OTLP_ENDPOINT"]);
        Assert.Equal("DEBUG", environment["LOG_LEVEL"]);
        Assert.Equal("r-postgres.default.svc", environment["OSMEN_HOST"]);
        Assert.DoesNotContain("JAEGER_OTLP_ENDPOINT", environment.Keys);
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
            var target = Text((YamlMappingNode)((YamlSequenceNode)Map(service, "spec")["ports"])[0], "targetPort");
            Assert.Contains(target, Ports(workloads.Single(w => Text(Map(w, "metadata"), "name") == Text(Map(service, "metadata"), "name"))));
        }

        foreach (var policy in objects.Where(o => Text(o, "kind") is "NetworkPolicy"))
            AssertSelects(Map(policy, "spec", "podSelector", "matchLabels"), pods.Values);
        foreach (var budget in objects.Where(o => Text(o, "kind") is "PodDisruptionBudget"))
            AssertSelects(Map(budget, "spec", "selector", "matchLabels"), pods.Values);
        foreach (var scaler in objects.Where(o => Text(o, "kind") is "HorizontalPodAutoscaler" or "ScaledObject"))
            Assert.Contains("Deployment/" + Text(Map(scaler, "spec", "scaleTargetRef"), "name"), pods.Keys);
        foreach (var container in Containers(objects))
        {
            Assert.All(["image", "resources", "readinessProbe", "securityContext", "volumeMounts"], field => Assert.True(container.Children.ContainsKey(field), field));
            CheckEnvironment(container);
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
                Assert.Contains(Text(reference, "key"), new[] { "development-key", "scrape-token", "postgres-password", "redis-password" });
            }
            else
            {
                var value = Text(variable, "value");
                Assert.All(System.Text.RegularExpressions.Regex.Matches(value, "\\$\\((\\w+)\\)", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)), m => Assert.Contains(m.Groups[1].Value, seen));
            }

            Assert.True(seen.Add(Text(variable, "name")), Text(variable, "name"));
        }
    }

    private IReadOnlyList<YamlMappingNode> Render(Action<Dictionary<string, object>> change)
    {
        var values = new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(File.ReadAllText(Path.Combine(published.Helm, "values.yaml")));
        change(values);
        var all = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["Values"] = values.ToDictionary(v => (object)v.Key, v => v.Value),
            ["Release"] = new Dictionary<object, object> { ["Name"] = "r", ["Namespace"] = "default" },
            ["Chart"] = new Dictionary<object, object> { ["AppVersion"] = "0.1.0" },
        };
        var renderer = new ChartRenderer(all);
        var objects = new List<YamlMappingNode>();
        foreach (var file in Directory.GetFiles(Path.Combine(published.Helm, "templates")).Order(StringComparer.Ordinal))
        {
            var text = renderer.Render(File.ReadAllText(file));
            if (!file.EndsWith(".yaml", StringComparison.Ordinal))
                continue;
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            objects.AddRange(stream.Documents.Select(d => d.RootNode).OfType<YamlMappingNode>());
        }

        return objects;
    }

    private static Dictionary<object, object> At(Dictionary<string, object> values, string name, params string[] path) =>
        path.Aggregate((Dictionary<object, object>)values[name], (map, part) => (Dictionary<object, object>)map[part]);

    private static void AssertSelects(YamlMappingNode selector, IEnumerable<Dictionary<string, string>> pods) =>
        Assert.Single(pods, labels => Labels(selector).All(l => labels.GetValueOrDefault(l.Key) == l.Value));

    private static IEnumerable<YamlMappingNode> Containers(IReadOnlyList<YamlMappingNode> objects) =>
        objects.Where(o => Text(o, "kind") is "Deployment" or "StatefulSet").SelectMany(o => ((YamlSequenceNode)Map(o, "spec", "template", "spec")["containers"]).Cast<YamlMappingNode>());

    private static IEnumerable<YamlMappingNode> Environment(YamlMappingNode container) => ((YamlSequenceNode)container["env"]).Cast<YamlMappingNode>();

    private static IEnumerable<string> Ports(YamlMappingNode workload) =>
        Containers([workload]).SelectMany(c => ((YamlSequenceNode)c["ports"]).Cast<YamlMappingNode>()).Select(p => Text(p, "name"));

    private static Dictionary<string, string> Labels(YamlMappingNode map) => map.Children.ToDictionary(c => c.Key.ToString(), c => c.Value.ToString());

    private static YamlMappingNode Map(YamlMappingNode node, params string[] path) => path.Aggregate(node, (map, part) => (YamlMappingNode)map[part]);

    private static string Text(YamlMappingNode node, string name) => ((YamlScalarNode)node[name]).Value ?? "";

    private static string Name(YamlMappingNode node) => $"{Text(node, "kind")}/{Text(Map(node, "metadata"), "name")}";
}
