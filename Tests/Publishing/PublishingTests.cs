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
        // It lies at the root, a folder above what was written now.
        (await File.ReadAllTextAsync(published.Manifest, Cancelled)).Replace("\"../", "\"", StringComparison.Ordinal),
        await File.ReadAllTextAsync(Path.Combine(published.Root, "aspire-manifest.json"), Cancelled));

    [Theory]
    [InlineData("compose")]
    [InlineData("helm/osmen")]
    public void The_committed_deployment_files_are_current(string name)
    {
        var now = Files(name == "compose" ? published.Compose : published.Helm);
        Assert.Equal(now, Files(Path.Combine(published.Root, "deploy", name)).Where(f => f.Key is not (".env" or "exporters.yaml")).ToDictionary());
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
        using var broken = JsonDocument.Parse(manifest.RootElement.GetRawText().Replace("\"image\":", "\"picture\":", StringComparison.Ordinal));
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
        var secrets = File.ReadLines(Path.Combine(published.Compose, ".env.sample")).Where(l => l.EndsWith('=')).ToDictionary(l => l[..^1], _ => "x");
        string[] arguments = ["-f", Path.Combine(published.Compose, "docker-compose.yaml"), "config", "-q"];
        var (status, output) = await published.RunAsync(program, arguments, secrets);
        Assert.True(status == 0, output);
        secrets.Remove("REDIS_PASSWORD");
        (status, output) = await published.RunAsync(program, arguments, secrets);
        Assert.NotEqual(0, status);
        Assert.Contains("set REDIS_PASSWORD in .env", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compose_publishes_the_gateway_and_grafana_only_and_runs_everything_as_a_user()
    {
        var file = new DeserializerBuilder().Build().Deserialize<Dictionary<string, Dictionary<string, Dictionary<string, object>>>>(
            (await File.ReadAllTextAsync(Path.Combine(published.Compose, "docker-compose.yaml"), Cancelled)).Replace(": {}", ": {x: y}", StringComparison.Ordinal));
        var services = file["services"];
        Assert.Equal(["gateway", "grafana"], services.Where(s => s.Value.ContainsKey("ports")).Select(s => s.Key).Order(StringComparer.Ordinal));
        Assert.Equal(
            ["agentworker", "alertmanager", "gateway", "grafana", "jaeger", "loki", "postgres", "prometheus", "redis"], services.Keys.Order(StringComparer.Ordinal));
        Assert.All(services, s => Assert.Contains("no-new-privileges:true", (IEnumerable<object>)s.Value["security_opt"]));
        Assert.All(services, s => Assert.True(s.Value.ContainsKey("cap_drop") && s.Value.ContainsKey("deploy"), s.Key));
    }

    [Fact]
    public async Task Prometheus_accepts_its_configuration_and_rules()
    {
        var program = PublishedModel.Need("promtool", "prometheus");

        // The token's file is there only where Prometheus runs.
        var (status, output) = await published.RunAsync(program, ["check", "config", "--syntax-only", "monitoring/prometheus/prometheus.yml"]);
        Assert.True(status == 0, output);
        (status, output) = await published.RunAsync(program, ["check", "rules", .. Directory.GetFiles(Path.Combine(published.Root, "monitoring/prometheus/rules"), "*.yaml")]);
        Assert.True(status == 0, output);
    }

    [Fact]
    public async Task Alertmanager_accepts_its_configuration()
    {
        var (status, output) = await published.RunAsync(PublishedModel.Need("amtool", "prometheus-alertmanager"), ["check-config", "monitoring/alertmanager/alertmanager.yml"]);
        Assert.True(status == 0, output);
    }

    [Theory]
    [InlineData("--publisher holds \"terraform\"; allowed: manifest, compose, helm.", "--publisher", "terraform", "--output-path", "x")]
    [InlineData("--output-path is missing: --publisher manifest|compose|helm --output-path P.", "--publisher", "helm")]
    [InlineData("\"--backing\" is not an argument of a publisher; there is --publisher manifest|compose|helm --output-path P.", "--publisher", "helm", "--backing", "native")]
    public async Task What_cannot_be_published_is_said_in_one_line(string message, params string[] arguments)
    {
        var (status, output) = await published.AppHostAsync(arguments);
        Assert.Equal((1, $"OsMEN cannot start: {message}"), (status, output.Trim()));
    }

    private static Dictionary<string, string> Files(string folder) =>
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToDictionary(f => Path.GetRelativePath(folder, f), File.ReadAllText);

    [GeneratedRegex("\\{(?<path>[a-z0-9-]+\\.[A-Za-z0-9.]+)\\}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Expression();
}
