using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.Llm;

namespace OsMEN.Tests.Monitoring.Live;

/// <summary>
/// A gateway, two workers and their servers, under load, watched by a real Prometheus and a real Alertmanager with the repository's
/// own configuration. Only three things differ from it: the addresses, the interval of scrapes and rules (1 s), and how long an alert
/// must hold (2 s).
/// </summary>
internal sealed partial class MonitoredSystem : IAsyncDisposable
{
    private const string Key = "osm_monitoringtests0123456789";
    private const string ScrapeToken = "scrape-token-of-the-tests";

    private readonly CancellationTokenSource _stop = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("osmen-monitored-");
    private readonly List<IAsyncDisposable> _parts = [];
    private Task _load = Task.CompletedTask;

    public PostgresServer Postgres { get; } = new();

    public RedisServer Redis { get; } = new();

    public ServiceProcess Gateway { get; private set; } = null!;

    public ServiceProcess[] Workers { get; private set; } = [];

    public PrometheusServer Prometheus { get; private set; } = null!;

    public AlertmanagerServer Alertmanager { get; private set; } = null!;

    public static async Task<MonitoredSystem> StartAsync()
    {
        Programs.Need("Prometheus", "prometheus");
        Programs.Need("Alertmanager", "prometheus-alertmanager", "alertmanager");
        var system = new MonitoredSystem();
        try
        {
            await system.StartServicesAsync();
            await system.StartMonitoringAsync();
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
        for (var i = _parts.Count - 1; i >= 0; i--)
            await _parts[i].DisposeAsync();
        await Redis.DisposeAsync();
        await Postgres.DisposeAsync();
        _folder.Delete(recursive: true);
        _stop.Dispose();
    }

    private async Task StartServicesAsync()
    {
        await Redis.StartAsync();
        var database = Keep(await TestStore.PostgresAsync(Postgres));
        var models = Keep(await ScriptedModelServer.StartAsync());
        models.Otherwise = request => request.GetProperty("model").GetString() switch
        {
            "hangs" => ScriptedAnswer.OpenAI(ScriptedAnswer.Hang),
            "fails" => ScriptedAnswer.Error(400, "no such thing"),
            var model => Named(ModelScripts.Hello("openai"), model!),
        };
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ConnectionStrings__osmen"] = database.ConnectionString,
            ["ConnectionStrings__redis"] = Redis.ConnectionString,
            ["CATALOG_PATH"] = Path.Combine(AppContext.BaseDirectory, "catalog"),
            ["OSMEN_API_KEYS"] = $"{Key}:admin:tests",
            ["METRICS_SCRAPE_TOKEN"] = ScrapeToken,
            ["OPENAI_API_KEY"] = "sk-none",
            ["OPENAI_BASE_URL"] = new Uri(models.Address, "/v1").ToString(),
            ["OTEL_TRACES_SAMPLER"] = "always_on",
            ["LOG_LEVEL"] = "ERROR",
        };
        Gateway = Keep(await ServiceProcess.StartAsync(["OsMEN.Gateway.dll"], environment));
        Workers = [Keep(await ServiceProcess.StartAsync(["OsMEN.AgentWorker.dll"], environment)), Keep(await ServiceProcess.StartAsync(["OsMEN.AgentWorker.dll"], environment))];
    }

    private async Task StartMonitoringAsync()
    {
        Alertmanager = Keep(await AlertmanagerServer.StartAsync(MonitoringFiles.Full("monitoring/alertmanager/alertmanager.yml")));
        var token = Path.Combine(_folder.FullName, "scrape-token");
        await File.WriteAllTextAsync(token, ScrapeToken);
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "gateway-0.yaml"), $"- targets: [\"{Gateway.Url.Authority}\"]\n");
        for (var i = 0; i < Workers.Length; i++)
            await File.WriteAllTextAsync(Path.Combine(_folder.FullName, string.Create(CultureInfo.InvariantCulture, $"agentworker-{i}.yaml")), $"- targets: [\"{Workers[i].Url.Authority}\"]\n");

        var configuration = Interval().Replace(await File.ReadAllTextAsync(MonitoringFiles.Full("monitoring/prometheus/prometheus.yml")), "${name}: 1s")
            .Replace("/tmp/targets/", $"{_folder.FullName}/", StringComparison.Ordinal)
            .Replace("/tmp/scrape-token", token, StringComparison.Ordinal)
            .Replace("alertmanager:9093", Alertmanager.Http.BaseAddress!.Authority, StringComparison.Ordinal);
        var rules = Directory.GetFiles(MonitoringFiles.Full("monitoring/prometheus/rules"), "*.yaml")
            .Select(f => ($"rules/{Path.GetFileName(f)}", For().Replace(File.ReadAllText(f), "for: 2s"))).ToArray();
        Prometheus = Keep(await PrometheusServer.StartAsync(configuration, rules));
    }

    private T Keep<T>(T part) where T : IAsyncDisposable
    {
        _parts.Add(part);
        return part;
    }

    /// <summary>Executions that succeed, cost, fail, time out and run programs, streams of both kinds, until the end. What a dead part refuses is load, too.</summary>
    private async Task LoadAsync()
    {
        using var http = new HttpClient { BaseAddress = Gateway.Url, Timeout = TimeSpan.FromMinutes(1) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        await PutAsync(http, "costs", "openai/gpt-5-mini", price: 0.25m);
        await PutAsync(http, "unpriced", "openai/of-our-own");
        await PutAsync(http, "fails", "openai/fails");
        await PutAsync(http, "hangs", "openai/hangs");
        await http.PutAsJsonAsync("/api/v1/budgets/all", new { scope = new { }, period = "day", limit_usd = 1000 }, _stop.Token);
        using var socket = await ConnectAsync();
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
    }

    private async Task<ClientWebSocket> ConnectAsync()
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", $"Bearer {Key}");
        await socket.ConnectAsync(new UriBuilder(Gateway.Url) { Scheme = "ws", Path = "/ws" }.Uri, _stop.Token);
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

    [GeneratedRegex("(?<name>(scrape|evaluation)_interval): [0-9]+[sm]", RegexOptions.ExplicitCapture)]
    private static partial Regex Interval();

    [GeneratedRegex("for: [0-9]+[smh]", RegexOptions.ExplicitCapture)]
    private static partial Regex For();
}
