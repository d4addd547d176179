using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Serialization;

namespace OsMEN.Tests.Publishing;

/// <summary>What the model is published as: it is committed, current, and what its readers accept.</summary>
public sealed partial class PublishingTests(PublishedModel published) : IClassFixture<PublishedModel>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_committed_manifest_is_current() => Assert.Equal(
        // Paths are relative: it was written two folders below the root, where the committed one is.
        (await File.ReadAllTextAsync(published.Manifest, Cancelled)).Replace("\"../../", "\"", StringComparison.Ordinal),
        await File.ReadAllTextAsync(Path.Combine(published.Root, "aspire-manifest.json"), Cancelled));

    [Theory]
    [InlineData("compose")]
    [InlineData("helm/osmen")]
    public void The_committed_deployment_files_are_current(string name)
    {
        // One folder deeper than the committed ones.
        var now = Files(name == "compose" ? published.Compose : published.Helm)
            .ToDictionary(f => f.Key, f => f.Value.Replace("../../../", "../../", StringComparison.Ordinal));
        var committed = Files(Path.Combine(published.Root, "deploy", name));
        var different = now.Keys.Union(committed.Keys)
            .Where(f => f is not (".env" or "exporters.yaml") && now.GetValueOrDefault(f) != committed.GetValueOrDefault(f));
        Assert.True(
            !different.Any(),
            $"deploy/{name} is not current: {string.Join(", ", different)}. "
            + "Run: dotnet run --project AppHost -- --operation publish --step publish --output-path ../deploy");
    }

    [Fact]
    public void A_step_prints_where_it_wrote()
    {
        Assert.Contains($"Wrote compose to {published.Compose}.\n", published.Output, StringComparison.Ordinal);
        Assert.Contains($"Wrote helm to {published.Helm}.\n", published.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_manifest_is_valid()
    {
        await using var resource = typeof(PublishingTests).Assembly.GetManifestResourceStream("aspire-8.0.json")!;
        using var schema = await JsonDocument.ParseAsync(resource, cancellationToken: Cancelled);
        using var manifest = JsonDocument.Parse(await File.ReadAllTextAsync(published.Manifest, Cancelled));
        var checker = new JsonSchemaSubset(schema.RootElement);
        Assert.Empty(checker.Check(manifest.RootElement));

        // The check itself sees what is wrong.
        var withoutImages = manifest.RootElement.GetRawText().Replace("\"image\":", "\"picture\":", StringComparison.Ordinal);
        using var broken = JsonDocument.Parse(withoutImages);
        Assert.NotEmpty(checker.Check(broken.RootElement));
    }

    [Fact]
    public async Task Every_expression_of_the_manifest_leads_somewhere()
    {
        using var manifest = JsonDocument.Parse(await File.ReadAllTextAsync(published.Manifest, Cancelled));
        var resources = manifest.RootElement.GetProperty("resources");
        var expressions = Expression().Matches(manifest.RootElement.GetRawText()).Select(m => m.Groups["path"].Value).Distinct().ToArray();
        Assert.Contains("redis.bindings.tcp.host", expressions);
        foreach (var parts in expressions.Select(e => e.Split('.')))
        {
            Assert.True(resources.TryGetProperty(parts[0], out var resource), string.Join('.', parts));
            Assert.True(resource.TryGetProperty(parts[1], out var member), string.Join('.', parts));
            Assert.True(parts[1] != "bindings" || member.TryGetProperty(parts[2], out _), string.Join('.', parts));
        }
    }

    [Fact]
    public async Task Docker_compose_accepts_the_compose_file_and_refuses_it_without_secrets()
    {
        var program = PublishedModel.Need("docker-compose", "docker-compose");
        var sample = File.ReadLines(Path.Combine(published.Compose, ".env.sample"));
        var secrets = sample.Where(l => l.EndsWith('=')).ToDictionary(l => l[..^1], _ => "x");
        string[] arguments = ["-f", Path.Combine(published.Compose, "docker-compose.yaml"), "config", "-q"];
        var (status, output) = await published.RunAsync(program, arguments, secrets);
        Assert.True(status == 0, output);
        secrets.Remove("REDIS_PASSWORD");
        (status, output) = await published.RunAsync(program, arguments, secrets);
        Assert.NotEqual(0, status);
        Assert.Contains("set REDIS_PASSWORD in .env", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compose_publishes_the_gateway_and_grafana_only_and_runs_everything_with_few_rights()
    {
        var services = await ServicesAsync();
        var reachable = services.Where(s => s.Value.ContainsKey("ports")).Select(s => s.Key);
        Assert.Equal(["gateway", "grafana"], reachable.Order(StringComparer.Ordinal));
        Assert.Equal(
            ["agentworker", "alertmanager", "gateway", "grafana", "jaeger", "loki", "postgres", "prometheus", "redis"],
            services.Keys.Order(StringComparer.Ordinal));
        Assert.All(services, s => Assert.Contains("no-new-privileges:true", (IEnumerable<object>)s.Value["security_opt"]));
        Assert.All(services, s => Assert.True(s.Value.ContainsKey("cap_drop") && s.Value.ContainsKey("deploy"), s.Key));
    }

    [Fact]
    public async Task Compose_resolves_the_models_references()
    {
        var services = await ServicesAsync();
        var worker = (Dictionary<object, object>)services["agentworker"]["environment"];
        Assert.Equal(
            "Host=postgres;Port=5432;Username=postgres;Password=${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD in .env};Database=osmen",
            worker["ConnectionStrings__osmen"]);
        Assert.Equal("redis:6379,password=${REDIS_PASSWORD:?set REDIS_PASSWORD in .env}", worker["ConnectionStrings__redis"]);
        Assert.Equal("http://loki:3100/otlp/v1/logs", worker["LOKI_OTLP_ENDPOINT"]);
        Assert.Equal("8080", worker["HTTP_PORTS"]);
        Assert.Contains("redis-server --requirepass $$REDIS_PASSWORD", (IEnumerable<object>)services["redis"]["command"]);
        Assert.Contains("../../../catalog:/app/catalog:ro", (IEnumerable<object>)services["agentworker"]["volumes"]);
        Assert.Equal($"${{AGENTWORKER_IMAGE:-osmen-agentworker:{published.Version}}}", services["agentworker"]["image"]);
    }

    [Fact]
    public async Task Prometheus_accepts_its_configuration_and_rules()
    {
        var program = PublishedModel.Need("promtool", "prometheus");

        // The token's file is there only where Prometheus runs.
        var (status, output) = await published.RunAsync(program, ["check", "config", "--syntax-only", "monitoring/prometheus/prometheus.yml"]);
        Assert.True(status == 0, output);
        var rules = Directory.GetFiles(Path.Combine(published.Root, "monitoring/prometheus/rules"), "*.yaml");
        (status, output) = await published.RunAsync(program, ["check", "rules", .. rules]);
        Assert.True(status == 0, output);
    }

    [Fact]
    public async Task Alertmanager_accepts_its_configuration()
    {
        var program = PublishedModel.Need("amtool", "prometheus-alertmanager");
        var (status, output) = await published.RunAsync(program, ["check-config", "monitoring/alertmanager/alertmanager.yml"]);
        Assert.True(status == 0, output);
    }

    [Theory]
    [InlineData("Step 'terraform' not found in pipeline. Available steps: ", "--operation", "publish", "--step", "terraform")]
    [InlineData("--publisher is \"helm\"; allowed: manifest. Use --operation publish --step publish", "--publisher", "helm")]
    [InlineData("--step is missing. Use --operation publish --step publish", "--operation", "publish", "--output-path", "x")]
    [InlineData("cannot be written: ", "--operation", "publish", "--step", "helm", "--output-path", "AGENTS.md")]
    public async Task What_cannot_be_published_is_one_line_and_a_failure(string message, params string[] arguments)
    {
        var (status, output) = await published.AppHostAsync(arguments);
        Assert.Equal(1, status);

        // Aspire prints its version in two lines before.
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(l => !l.StartsWith("info: ", StringComparison.Ordinal) && !l.Contains("Aspire AppHost version", StringComparison.Ordinal));
        Assert.Contains(message, Assert.Single(lines), StringComparison.Ordinal);
    }

    private async Task<Dictionary<string, Dictionary<string, object>>> ServicesAsync()
    {
        var yaml = await File.ReadAllTextAsync(Path.Combine(published.Compose, "docker-compose.yaml"), Cancelled);
        return new DeserializerBuilder().IgnoreUnmatchedProperties().Build().Deserialize<ComposeServices>(yaml).Services;
    }

    private static Dictionary<string, string> Files(string folder) =>
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(f => Path.GetRelativePath(folder, f), File.ReadAllText);

    [GeneratedRegex("\\{(?<path>[a-z0-9-]+\\.[A-Za-z0-9.]+)\\}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Expression();

    private sealed class ComposeServices
    {
        [YamlMember(Alias = "services")]
        public Dictionary<string, Dictionary<string, object>> Services { get; set; } = [];
    }
}
