using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using OsMEN.LocalHosting.Dashboard;
using OsMEN.LocalHosting.Output;
using OsMEN.LocalHosting.Running;

namespace OsMEN.Tests.LocalHosting.Dashboard;

/// <summary>A dashboard in this process, of an application with one project, <c>api</c>, that does not run.</summary>
internal sealed class RunningDashboard : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("osmen-dashboard-");
    private readonly ConsoleOutput _output;
    private DashboardServer? _server;

    private RunningDashboard()
    {
        _output = new(TextWriter.Null, _folder.FullName);
        WriteLine = Lines.Tee("api", 0, _ => { });
    }

    public DashboardServer Server => _server!;

    /// <summary>Writes a line of the project's console.</summary>
    public Action<string> WriteLine { get; }

    public HttpClient Http { get; } = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false });

    public string Token => Server.LoginUrl.Split("t=")[1];

    private ConsoleLines Lines { get; } = new(1);

    public static async Task<RunningDashboard> StartAsync()
    {
        var dashboard = new RunningDashboard();
        var sources = new DashboardSources(
            [new ProjectProgram(new ProjectResource("api"))], [], new StatusBoard([("api", 1)]), new Dictionary<string, RunningResource>(StringComparer.Ordinal), dashboard.Lines);
        dashboard._server = await DashboardServer.StartAsync(sources, dashboard._output, 0, TestContext.Current.CancellationToken);
        return dashboard;
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Server.Address + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)).RootElement.Clone();
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Server.DisposeAsync();
        await _output.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
