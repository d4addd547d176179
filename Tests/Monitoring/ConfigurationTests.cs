using System.Text.RegularExpressions;
using OsMEN.Tests.Infrastructure;
using YamlDotNet.RepresentationModel;

namespace OsMEN.Tests.Monitoring;

/// <summary>What is written by hand for Prometheus, Loki, Alloy, Jaeger and the exporters, as far as it can be checked without them.</summary>
public sealed partial class ConfigurationTests
{
    private static readonly string Root = FindRoot();

    public static TheoryData<string> YamlFiles() =>
        [.. new[] { "monitoring", "deploy/compose", "deploy/kubernetes" }.SelectMany(f => Directory.GetFiles(Path.Combine(Root, f), "*.y*ml", SearchOption.AllDirectories)).Select(f => Path.GetRelativePath(Root, f))];

    [Theory]
    [MemberData(nameof(YamlFiles))]
    public void Every_file_is_yaml_and_says_no_key_twice(string file) => Assert.NotEmpty(Load(file));

    // Debian's promtool knows no Kubernetes: what it would find there is put in its place, and checked by itself.
    [Theory]
    [InlineData("monitoring/prometheus/prometheus.yml")]
    [InlineData("monitoring/prometheus/kubernetes/prometheus.yml")]
    public async Task Promtool_accepts_the_scrapes(string file)
    {
        var promtool = Programs.Need("promtool", "promtool");
        var text = await File.ReadAllTextAsync(Path.Combine(Root, file), TestContext.Current.CancellationToken);
        var copy = Path.Combine(Directory.CreateTempSubdirectory("osmen-prometheus-").FullName, "prometheus.yml");
        await File.WriteAllTextAsync(copy, KubernetesDiscovery().Replace(text, "${indent}static_configs: [{targets: [\"a:1\"]}]\n"), TestContext.Current.CancellationToken);
        Assert.Contains("SUCCESS", await Programs.RunAsync(promtool, "check", "config", "--syntax-only", copy), StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(copy)!, recursive: true);
    }

    [Fact]
    public void Both_ways_to_scrape_have_the_same_jobs()
    {
        string[] jobs = ["agentworker", "cadvisor", "gateway", "postgres-exporter", "prometheus", "redis-exporter"];
        Assert.Equal(jobs, Jobs("monitoring/prometheus/prometheus.yml").Order(StringComparer.Ordinal));

        // In the cluster a pod's name is its job's.
        Assert.Equal(["cadvisor", "exporters", "prometheus", "services"], Jobs("monitoring/prometheus/kubernetes/prometheus.yml").Order(StringComparer.Ordinal));
        Assert.Equal(["postgres-exporter", "redis-exporter"], Load("deploy/kubernetes/exporters.yaml").Select(d => Text(At(d, "metadata", "name"))));
        var exporters = Assert.Single(Load("deploy/compose/exporters.yaml"));
        Assert.Equal(["postgres-exporter", "redis-exporter", "cadvisor"], ((YamlMappingNode)At(exporters, "services")).Children.Keys.Select(Text));
        var service = Load("monitoring/prometheus/kubernetes/prometheus.yml").Single();
        foreach (var discovery in ((YamlSequenceNode)At(service, "scrape_configs")).Where(s => Has(s, "kubernetes_sd_configs")).SelectMany(s => (YamlSequenceNode)At(s, "kubernetes_sd_configs")))
            Assert.Contains(Text(At(discovery, "role")), (string[])["pod", "node"]);
    }

    [Fact]
    public async Task Fifteen_days_are_kept_everywhere()
    {
        foreach (var file in new[] { "deploy/compose/docker-compose.yaml", "deploy/kubernetes/prometheus.yaml", "Hosting.Monitoring/PrometheusBuilderExtensions.cs" })
            Assert.Contains("--storage.tsdb.retention.time=15d", await File.ReadAllTextAsync(Path.Combine(Root, file), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Docker_compose_accepts_the_exporters_beside_what_is_generated()
    {
        var compose = Programs.Need("docker-compose", "docker-compose");
        var folder = Path.Combine(Root, "deploy", "compose");
        var filled = Path.Combine(Directory.CreateTempSubdirectory("osmen-compose-").FullName, ".env");
        await File.WriteAllLinesAsync(filled, File.ReadLines(Path.Combine(folder, ".env.sample")).Where(l => l.EndsWith('=')).Select(l => l + "x"), TestContext.Current.CancellationToken);
        var merged = await Programs.RunAsync(compose, "--env-file", filled, "-f", Path.Combine(folder, "docker-compose.yaml"), "-f", Path.Combine(folder, "exporters.yaml"), "config");
        Assert.Contains("postgres-exporter:", merged, StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(filled)!, recursive: true);
    }

    [Fact]
    public void Loki_keeps_logs_by_its_newest_schema_for_a_week_with_few_labels()
    {
        var loki = Load("monitoring/loki/loki.yaml").Single();
        var schema = Assert.Single((YamlSequenceNode)At(loki, "schema_config", "configs"));
        Assert.Equal(("tsdb", "v13", "24h"), (Text(At(schema, "store")), Text(At(schema, "schema")), Text(At(schema, "index", "period"))));
        Assert.Equal(("true", "filesystem"), (Text(At(loki, "compactor", "retention_enabled")), Text(At(loki, "compactor", "delete_request_store"))));
        Assert.Equal(("168h", "true"), (Text(At(loki, "limits_config", "retention_period")), Text(At(loki, "limits_config", "allow_structured_metadata"))));
        var labels = ((YamlSequenceNode)At(loki, "limits_config", "otlp_config", "resource_attributes", "attributes_config"))
            .Where(a => Text(At(a, "action")) == "index_label").SelectMany(a => ((YamlSequenceNode)At(a, "attributes")).Select(Text));
        Assert.DoesNotContain("service.instance.id", labels);
        Assert.Contains("service.name", labels);
    }

    [Theory]
    [InlineData("config.yaml")]
    [InlineData("badger.yaml")]
    public void Jaeger_has_every_part_that_its_pipeline_names_and_bounds_what_it_keeps(string file)
    {
        var jaeger = Load("monitoring/jaeger/" + file).Single();
        var pipeline = At(jaeger, "service", "pipelines", "traces");
        foreach (var kind in new[] { "receivers", "processors", "exporters" })
            Assert.All((YamlSequenceNode)At(pipeline, kind), name => Assert.True(Has(At(jaeger, kind), Text(name)), Text(name)));
        Assert.All((YamlSequenceNode)At(jaeger, "service", "extensions"), name => Assert.True(Has(At(jaeger, "extensions"), Text(name)), Text(name)));
        var store = Text(At(jaeger, "exporters", "jaeger_storage_exporter", "trace_storage"));
        Assert.Equal(store, Text(At(jaeger, "extensions", "jaeger_query", "storage", "traces")));
        var backend = At(jaeger, "extensions", "jaeger_storage", "backends", store);
        Assert.Equal(file == "config.yaml" ? "10000" : "168h", file == "config.yaml" ? Text(At(backend, "memory", "max_traces")) : Text(At(backend, "badger", "ttl", "spans")));
        Assert.Equal("0.0.0.0:4318", Text(At(jaeger, "receivers", "otlp", "protocols", "http", "endpoint")));
    }

    [Fact]
    public async Task Every_component_of_alloy_that_is_named_is_there_and_leads_on_to_loki()
    {
        var text = Comment().Replace(await File.ReadAllTextAsync(Path.Combine(Root, "monitoring/alloy/config.alloy"), TestContext.Current.CancellationToken), "");
        Assert.Equal(text.Count(c => c == '{'), text.Count(c => c == '}'));
        var declared = AlloyComponent().Matches(text).Select(m => $"{m.Groups["type"].Value}.{m.Groups["label"].Value}").ToArray();
        Assert.Equal(["discovery.kubernetes.pods", "discovery.relabel.pods", "local.file_match.pods", "loki.source.file.pods", "loki.process.pods", "loki.write.loki"], declared);
        var named = AlloyReference().Matches(text).Select(m => m.Groups["component"].Value).ToArray();
        Assert.Equal(["discovery.kubernetes.pods", "discovery.relabel.pods", "local.file_match.pods", "loki.process.pods", "loki.write.loki"], named);

        // Both ways into Loki give a stream the same name.
        Assert.Contains("target_label  = \"service_name\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("promtail", text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task What_is_looked_for_in_the_cluster_is_what_the_objects_are_labelled_with()
    {
        var label = Text(At(Load("deploy/kubernetes/exporters.yaml")[0], "metadata", "labels", "app.kubernetes.io/part-of"));
        foreach (var file in new[] { "monitoring/alloy/config.alloy", "monitoring/prometheus/kubernetes/prometheus.yml" })
            Assert.Contains($"app.kubernetes.io/part-of={label}", await File.ReadAllTextAsync(Path.Combine(Root, file), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Jobs(string file) => ((YamlSequenceNode)At(Load(file).Single(), "scrape_configs")).Select(s => Text(At(s, "job_name")));

    private static List<YamlNode> Load(string file)
    {
        using var reader = new StreamReader(Path.Combine(Root, file));
        var yaml = new YamlStream();
        yaml.Load(reader);
        return [.. yaml.Documents.Select(d => d.RootNode)];
    }

    private static YamlNode At(YamlNode node, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
            node = node is YamlMappingNode map && map.Children.TryGetValue(name, out var next) ? next : throw new KeyNotFoundException(name);
        return node;
    }

    private static bool Has(YamlNode node, string name) => node is YamlMappingNode map && map.Children.ContainsKey(name);

    private static string Text(YamlNode node) => ((YamlScalarNode)node).Value!;

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "OsMEN.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests do not run from the repository.");
    }

    [GeneratedRegex(@"^(?<indent>[ -]*)kubernetes_sd_configs:\n(\k<indent>  .*\n|[ ]{6,}- role: .*\n|[ ]{8,}.*\n)+", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex KubernetesDiscovery();

    [GeneratedRegex("//.*$", RegexOptions.Multiline, 1000)]
    private static partial Regex Comment();

    [GeneratedRegex("^(?<type>[a-z_.]+) \"(?<label>[a-z_]+)\" \\{", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex AlloyComponent();

    [GeneratedRegex(@"(?<component>[a-z_]+(\.[a-z_]+)+)\.(targets|output|receiver)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex AlloyReference();
}
