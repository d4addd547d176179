using System.Net.Http.Json;
using System.Text.Json;

namespace OsMEN.Tests.Infrastructure;

/// <summary>A real Alertmanager of the test's own, with the configuration that it is given.</summary>
internal sealed class AlertmanagerServer() : WebProgram("Alertmanager")
{
    public static async Task<AlertmanagerServer> StartAsync(string configurationFile)
    {
        var program = Programs.Need("Alertmanager", "prometheus-alertmanager", "alertmanager");
        var server = new AlertmanagerServer();
        await server.RunAsync(
            program, "--config.file", configurationFile, "--storage.path", server.Folder, "--web.listen-address", server.Url.Authority, "--cluster.listen-address=", "--log.level", "error");
        return server;
    }

    /// <summary>The alerts that fire now, neither silenced nor inhibited, by name.</summary>
    public Task<IReadOnlyList<IReadOnlyDictionary<string, string>>> FiringAsync(string name) => FiringAsync(Http, name);

    /// <summary>As <see cref="FiringAsync(string)"/>, of any Alertmanager.</summary>
    public static async Task<IReadOnlyList<IReadOnlyDictionary<string, string>>> FiringAsync(HttpClient alertmanager, string name) =>
    [
        .. (await alertmanager.GetFromJsonAsync<JsonElement>($"/api/v2/alerts?active=true&silenced=false&inhibited=false&filter=alertname%3D{name}")).EnumerateArray()
            .Select(a => a.GetProperty("labels").EnumerateObject().ToDictionary(l => l.Name, l => l.Value.GetString()!, StringComparer.Ordinal)),
    ];
}
