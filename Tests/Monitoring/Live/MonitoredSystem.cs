using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using OsMEN.AppHost.Running;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.Llm;

namespace OsMEN.Tests.Monitoring.Live;

/// <summary>
/// The application with the native backing under load, watched by the Prometheus and the Alertmanager that it brings. Three things differ
/// from a developer's run: scrapes and rules are due every second, an alert's condition has to persist for 2 s, and what is killed stays
/// dead until it is started.
/// </summary>
internal sealed partial class MonitoredSystem : IAsyncDisposable
{
    private const string Key = "osm_monitoringtests0123456789";

    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);

    private readonly CancellationTokenSource _stop = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("osmen-monitored-");
    private ScriptedModelServer? _models;
    private IDistributedApplicationTestingBuilder? _builder;
    private DistributedApplication? _application;
    private Task _load = Task.CompletedTask;

    private MonitoredSystem()
    {
    }

    public HttpClient Prometheus { get; private set; } = null!;

    public HttpClient Alertmanager { get; private set; } = null!;

    private DistributedApplication Application => _application!;

    public static async Task<MonitoredSystem> StartAsync()
    {
        Programs.Need("Prometheus", "prometheus");
        Programs.Need("Alertmanager", "prometheus-alertmanager", "alertmanager");
        Programs.Need("PostgreSQL", "initdb");
        Programs.Need("Redis", "redis-server", "valkey-server");
        var system = new MonitoredSystem();
        try
        {
            await system.StartApplicationAsync();
            system._load = Task.Run(system.LoadAsync);
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _load;
        if (_application is not null)
            await _application.DisposeAsync();
        if (_builder is not null)
            await _builder.DisposeAsync();
        if (_models is not null)
            await _models.DisposeAsync();
        _folder.Delete(recursive: true);
        _stop.Dispose();
    }

    /// <summary>Kills the process of an instance with SIGKILL.</summary>
    public async Task<string> KillAsync(string resource, int instance = 0)
    {
        var (id, snapshot) = await FindAsync(resource, instance);
        var pid = Convert.ToInt32(snapshot.Properties.Single(p => p.Name == "executable.pid").Value, CultureInfo.InvariantCulture);
        var dead = Application.ResourceNotifications.WaitForResourceAsync(
            resource, e => e.ResourceId == id && KnownResourceStates.TerminalStates.Contains(e.Snapshot.State?.Text), _stop.Token);

        // PostgreSQL's is a shell that waits for the server.
        var server = await File.ReadAllTextAsync($"/proc/{pid}/comm", _stop.Token) is "sh\n" or "dash\n"
            ? (await File.ReadAllTextAsync($"/proc/{pid}/task/{pid}/children", _stop.Token)).Split(' ')[0]
            : pid.ToString(CultureInfo.InvariantCulture);
        await Programs.RunAsync("/bin/kill", "-KILL", server);
        await dead.WaitAsync(StartLimit, _stop.Token);
        return id;
    }

    // The instances that run, in the order of their names.
    private async Task<(string Id, CustomResourceSnapshot Snapshot)> FindAsync(string resource, int instance)
    {
        var running = new SortedDictionary<string, CustomResourceSnapshot>(StringComparer.Ordinal);
        await foreach (var change in Application.ResourceNotifications.WatchAsync(_stop.Token))
        {
            if (change.Resource.Name == resource && change.ResourceId != resource && change.Snapshot.State?.Text == KnownResourceStates.Running)
                running[change.ResourceId] = change.Snapshot;
            if (running.Count > instance)
                break;
        }

        var (id, snapshot) = running.ElementAt(instance);
        return (id, snapshot);
    }

    /// <summary>Starts an instance that was killed.</summary>
    public async Task StartAsync(string id)
    {
        var result = await Application.ResourceCommands.ExecuteCommandAsync(id, KnownResourceCommands.StartCommand, _stop.Token);
        Assert.True(result.Success, result.Message);
    }

    private async Task StartApplicationAsync()
    {
        // Native servers may run as another user, who has to get in.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_folder.FullName, File.GetUnixFileMode(_folder.FullName) | UnixFileMode.OtherExecute);
        _models = await ScriptedModelServer.StartAsync();
        _models.Otherwise = request => request.GetProperty("model").GetString() switch
        {
            "hangs" => ScriptedAnswer.OpenAI(ScriptedAnswer.Hang),
            "fails" => ScriptedAnswer.Error(400, "no such thing"),
            var model => Named(ModelScripts.Hello("openai"), model!),
        };
        _builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(
            ["--backing", "native", "--data", Path.Combine(_folder.FullName, "data")], _stop.Token);
        _builder.Quieten();
        foreach (var project in _builder.Resources.OfType<ProjectResource>())
        {
            _builder.CreateResourceBuilder(project)
                .WithEnvironment("OSMEN_API_KEYS", $"{Key}:admin:tests")
                .WithEnvironment("OPENAI_API_KEY", "sk-none")
                .WithEnvironment("OPENAI_BASE_URL", new Uri(_models.Address, "/v1").ToString())
                .WithEnvironment("OTEL_TRACES_SAMPLER", "always_on")
                .WithEnvironment("LOG_LEVEL", "ERROR");
        }

        foreach (var resource in _builder.Resources.Where(r => r.Name is "agentworker" or "postgres-server" or "redis-server" or "valkey-server"))
            resource.Annotations.Remove(resource.Annotations.OfType<RestartAnnotation>().Single());
        _builder.CreateResourceBuilder(_builder.Resources.OfType<PrometheusExecutableResource>().Single())
            .WithScrapeInterval(TimeSpan.FromSeconds(1))
            .WithRules(await HurriedRulesAsync());
        _application = await _builder.BuildAsync(_stop.Token);
        await _application.StartAsync(_stop.Token);
        foreach (var name in new[] { "gateway", "agentworker", "alertmanager", "prometheus" })
            await _application.ResourceNotifications.WaitForResourceHealthyAsync(name, _stop.Token).WaitAsync(StartLimit, _stop.Token);
        Prometheus = _application.CreateHttpClient("prometheus", "http");
        Alertmanager = _application.CreateHttpClient("alertmanager", "http");
    }

    private async Task<string> HurriedRulesAsync()
    {
        var rules = _folder.CreateSubdirectory("rules").FullName;
        foreach (var file in Directory.GetFiles(MonitoringFiles.Full("monitoring/prometheus/rules"), "*.yaml"))
        {
            var hurried = For().Replace(await File.ReadAllTextAsync(file, _stop.Token), "for: 2s");
            await File.WriteAllTextAsync(Path.Combine(rules, Path.GetFileName(file)), hurried, _stop.Token);
        }

        return rules;
    }

    /// <summary>Executions that succeed, cost, fail, time out and run programs, streams of both kinds, until the end. What a dead part refuses is load, too.</summary>
    private async Task LoadAsync()
    {
        using var http = Application.CreateHttpClient("gateway", "http");
        http.Timeout = TimeSpan.FromMinutes(1);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        await PutAsync(http, "costs", "openai/gpt-5-mini", price: 0.25m);
        await PutAsync(http, "unpriced", "openai/of-our-own");
        await PutAsync(http, "fails", "openai/fails");
        await PutAsync(http, "hangs", "openai/hangs");
        await http.PutAsJsonAsync("/api/v1/budgets/all", new { scope = new { }, period = "day", limit_usd = 1000 }, _stop.Token);
        using var socket = await ConnectAsync(http.BaseAddress!);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        for (var round = 0; !_stop.IsCancellationRequested; round++)
        {
            try
            {
                await RoundAsync(http, socket, round);
                await pace.WaitForNextTickAsync(_stop.Token);
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException or WebSocketException or JsonException)
            {
                // A part is dead, or the test ends.
            }
        }
    }

    private async Task RoundAsync(HttpClient http, ClientWebSocket socket, int round)
    {
        string[] agents = ["daily_brief", "daily_brief", "costs", "unpriced", "fails", round % 5 == 0 ? "hangs" : "daily_brief", round % 5 == 0 ? "log_stats" : "costs"];
        foreach (var agent in agents)
        {
            using var accepted = await http.PostAsJsonAsync($"/api/v1/agents/{agent}/executions{(agent == "daily_brief" ? "?wait=5s" : "")}", new { input = new { text = "09:00 review. ERROR it broke." }, max_attempts = 1 }, _stop.Token);
            var execution = await accepted.Content.ReadFromJsonAsync<JsonElement>(_stop.Token);
            if (!execution.TryGetProperty("id", out var id))
                continue;
            using var one = await http.GetAsync($"/api/v1/executions/{id}", _stop.Token);
            if (socket.State == WebSocketState.Open)
                await socket.SendAsync(Encoding.UTF8.GetBytes($$"""{"type":"subscribe","executionId":"{{id}}"}"""), WebSocketMessageType.Text, true, _stop.Token);
        }

        await http.PostAsJsonAsync("/api/v1/commands/summarise/executions", new { input = "09:00 review. It broke." }, _stop.Token);
        await http.PostAsJsonAsync("/api/v1/workflows/morning_brief/executions", new { input = new { calendar = "09:00 review.", mail = "It broke." } }, _stop.Token);
        await http.PostAsJsonAsync("/api/v1/agents/daily_brief/executions", new { input = "later", run_at = TimeProvider.System.GetUtcNow().AddHours(1) }, _stop.Token);
        using var none = await http.GetAsync("/no/such/path", _stop.Token);

        // An agent that runs out of time is a 504 to a chat client.
        if (round % 10 == 0)
        {
            using var late = await http.PostAsJsonAsync(
                "/v1/chat/completions", new { model = "agent/hangs", messages = new[] { new { role = "user", content = "09:00 review." } } }, _stop.Token);
        }
    }

    private async Task<ClientWebSocket> ConnectAsync(Uri gateway)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", $"Bearer {Key}");
        await socket.ConnectAsync(new UriBuilder(gateway) { Scheme = "ws", Path = "/ws" }.Uri, _stop.Token);
        _ = ReadAsync(socket);
        return socket;
    }

    private async Task ReadAsync(ClientWebSocket socket)
    {
        try
        {
            var buffer = new byte[16 * 1024];
            while (socket.State == WebSocketState.Open)
                await socket.ReceiveAsync(buffer.AsMemory(), _stop.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or ObjectDisposedException)
        {
            // The test ends, or a part was killed.
        }
    }

    private static ScriptedAnswer Named(ScriptedAnswer answer, string model) =>
        answer with { Pieces = [.. answer.Pieces.Select(p => p.Replace("gpt-5-mini-2025-08-07", model, StringComparison.Ordinal))] };

    private async Task PutAsync(HttpClient http, string id, string model, decimal? price = null)
    {
        using var answer = await http.PutAsJsonAsync(
            $"/api/v1/agents/{id}", new { description = "For load", instructions = "Answer.", model, price_usd = price, limits = new { timeout = "2s", max_attempts = 1 } }, _stop.Token);
        answer.EnsureSuccessStatusCode();
    }

    [GeneratedRegex("for: [0-9]+[smh]", RegexOptions.ExplicitCapture)]
    private static partial Regex For();
}
