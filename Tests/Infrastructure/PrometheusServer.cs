using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace OsMEN.Tests.Infrastructure;

/// <summary>A real Prometheus of the test's own, with the configuration that it is given.</summary>
internal sealed class PrometheusServer() : WebProgram("Prometheus")
{
    /// <summary>
    /// Starts it; <paramref name="files"/> lie beside the configuration, whose relative paths are from there. What calls it
    /// <c>localhost:9090</c> means its own address.
    /// </summary>
    public static async Task<PrometheusServer> StartAsync(string configuration, params (string Name, string Text)[] files)
    {
        var program = Programs.Need("Prometheus", "prometheus");
        var server = new PrometheusServer();
        foreach (var (name, text) in files.Prepend(("prometheus.yml", configuration.Replace("localhost:9090", server.Url.Authority, StringComparison.Ordinal))))
        {
            var path = Path.Combine(server.Folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, text);
        }

        await server.RunAsync(
            program, "--config.file", Path.Combine(server.Folder, "prometheus.yml"), "--storage.tsdb.path", Path.Combine(server.Folder, "data"),
            "--web.listen-address", server.Url.Authority, "--log.level", "error", "--enable-feature=exemplar-storage");
        return server;
    }

    /// <summary>The samples of an instant query.</summary>
    public Task<IReadOnlyList<(IReadOnlyDictionary<string, string> Labels, double Value)>> QueryAsync(string expression) => QueryAsync(Http, expression);

    /// <summary>The samples of an instant query to any Prometheus.</summary>
    public static async Task<IReadOnlyList<(IReadOnlyDictionary<string, string> Labels, double Value)>> QueryAsync(HttpClient prometheus, string expression)
    {
        using var form = new FormUrlEncodedContent([new("query", expression)]);
        using var response = await prometheus.PostAsync("/api/v1/query", form);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        if (answer.GetProperty("status").GetString() != "success")
            throw new InvalidOperationException($"{expression}: {answer.GetProperty("error").GetString()}");
        var data = answer.GetProperty("data");
        return data.GetProperty("resultType").GetString() == "scalar"
            ? [(new Dictionary<string, string>(StringComparer.Ordinal), Number(data.GetProperty("result")[1]))]
            : [.. data.GetProperty("result").EnumerateArray().Select(r => (Labels(r), Number(r.GetProperty("value")[1])))];
    }

    /// <summary>Waits until every target of a job has been scraped with success after now.</summary>
    public async Task ScrapedAsync(string job, DateTimeOffset after) => await Programs.UntilAsync(
        async () =>
        {
            var targets = (await Http.GetFromJsonAsync<JsonElement>("/api/v1/targets")).GetProperty("data").GetProperty("activeTargets").EnumerateArray()
                .Where(t => t.GetProperty("labels").GetProperty("job").GetString() == job).ToArray();
            return targets.Length > 0 && targets.All(t => t.GetProperty("health").GetString() == "up" && t.GetProperty("lastScrape").GetDateTimeOffset() > after);
        },
        $"{job} is scraped");

    private static Dictionary<string, string> Labels(JsonElement result) =>
        result.GetProperty("metric").EnumerateObject().ToDictionary(l => l.Name, l => l.Value.GetString()!, StringComparer.Ordinal);

    private static double Number(JsonElement text) => text.GetString() switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        var number => double.Parse(number!, CultureInfo.InvariantCulture),
    };
}
