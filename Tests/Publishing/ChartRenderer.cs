using YamlDotNet.RepresentationModel;

namespace OsMEN.Tests.Publishing;

/// <summary>Renders a chart by eng/check-chart/render.go, with Go's templates and Helm's functions, built once for a class.</summary>
public sealed class ChartRenderer : IDisposable
{
    private const string Libraries = "/usr/share/gocode";

    private readonly string _folder = Directory.CreateTempSubdirectory("osmen-chart-").FullName;
    private readonly SemaphoreSlim _building = new(1);

    private string Program => Path.Combine(_folder, "render");

    public void Dispose()
    {
        _building.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Renders the chart with files of values over its own; the test is skipped where Go is missing.</summary>
    public async Task<(int Status, string Output)> RunAsync(PublishedModel published, params string[] values)
    {
        await BuildAsync(published);
        return await published.RunAsync(Program, [published.Helm, .. values]);
    }

    /// <summary>The objects of a rendered chart.</summary>
    public async Task<IReadOnlyList<YamlMappingNode>> RenderAsync(PublishedModel published, params string[] values)
    {
        var (status, output) = await RunAsync(published, values);
        Assert.True(status == 0, output);
        var stream = new YamlStream();
        stream.Load(new StringReader(output));
        return [.. stream.Documents.Select(d => d.RootNode).OfType<YamlMappingNode>()];
    }

    private async Task BuildAsync(PublishedModel published)
    {
        var go = PublishedModel.Need("go", "golang-go");
        NeedLibrary("github.com/Masterminds/sprig", "golang-github-masterminds-sprig-dev");
        NeedLibrary("sigs.k8s.io/yaml", "golang-k8s-sigs-yaml-dev");
        await _building.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (File.Exists(Program))
                return;
            var environment = new Dictionary<string, string>
            {
                ["GO111MODULE"] = "off",
                ["GOPATH"] = Libraries,
                ["GOCACHE"] = Path.Combine(_folder, "cache"),
            };
            var (status, output) = await published.RunAsync(go, ["build", "-o", Program, "./eng/check-chart/render.go"], environment);
            Assert.True(status == 0, output);
        }
        finally
        {
            _building.Release();
        }
    }

    private static void NeedLibrary(string name, string package) =>
        Assert.SkipUnless(Directory.Exists(Path.Combine(Libraries, "src", name)), $"Go's library {name} is missing: install {package}.");
}
