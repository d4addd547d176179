using System.Text.Json;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Alerts;

/// <summary>Gateways over one database, with a clock of the test's, one instance that they read, and receivers of what they tell.</summary>
public abstract class AlertScene : IAsyncLifetime
{
    internal static readonly TimeSpan Tick = TimeSpan.FromSeconds(15);

    private readonly string _file = Path.Combine(Path.GetTempPath(), $"{Path.GetRandomFileName()}.yaml");
    private readonly List<AlertGateway> _gateways = [];
    private TestStore? _test;
    private HttpReceiver? _hook;
    private HttpReceiver? _metrics;
    private SmtpReceiver? _mail;

    internal static CancellationToken Token => TestContext.Current.CancellationToken;

    internal ManualTimeProvider Time { get; } = new();

    internal AlertGateway First => _gateways[0];

    internal HttpReceiver Hook => _hook!;

    /// <summary>The instance whose metrics are read.</summary>
    internal HttpReceiver Metrics => _metrics!;

    internal SmtpReceiver Mail => _mail!;

    internal abstract Task<TestStore> CreateAsync();

    /// <summary>The file of rules, channels and routes; channels send to <see cref="Hook"/> and <see cref="Mail"/>.</summary>
    internal virtual string Yaml() =>
        $$"""
        outside_metrics:
          up: {kind: gauge}
        rules:
          - {name: Backlog, summary: "{value} wait", description: "d", metric: task_queue_size, shared: true, threshold: 10, for: 30s, severity: critical}
          - {name: Down, summary: "{instance} is down", description: "d", metric: up, by: [job, instance], aggregation: min, comparison: "==", threshold: 0, severity: warning}
        channels:
          hook: {type: webhook, url: "{{Hook.Address}}", secret: s3cret, allow_private: true, rate_limit: 1000}
          mail: {type: email, host: 127.0.0.1, port: {{Mail.Port}}, tls: none, from: osmen@example.com, to: "a@example.com, b@example.com"}
          boss: {type: slack, url: "{{Hook.Address}}boss", allow_private: true}
        routes:
          - {severity: critical, channels: [hook, mail], group_wait: 15s, group_interval: 1m, repeat_interval: 30m, escalation: [{after: 10m, channels: [boss]}]}
          - {severity: warning, channels: [hook], group_wait: 0s, group_interval: 1m}
        """;

    public async ValueTask InitializeAsync()
    {
        _test = await CreateAsync();
        (_hook, _metrics, _mail) = (await HttpReceiver.StartAsync(), await HttpReceiver.StartAsync(), new SmtpReceiver());
        await File.WriteAllTextAsync(_file, Yaml(), Token);
        Queue(0);
        await Gateway().Instances.AnnounceAsync("w1", "agentworker", _metrics.Address, Token);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var gateway in _gateways) gateway.Dispose();
        await _hook!.DisposeAsync();
        await _metrics!.DisposeAsync();
        await _mail!.DisposeAsync();
        await _test!.DisposeAsync();
        File.Delete(_file);
        GC.SuppressFinalize(this);
    }

    /// <summary>Another content of the file, for gateways that have it already.</summary>
    internal Task RewriteAsync(Func<string, string> change) => File.WriteAllTextAsync(_file, change(Yaml()), Token);

    internal AlertGateway Gateway()
    {
        var gateway = new AlertGateway(_test!, Time, _file);
        _gateways.Add(gateway);
        return gateway;
    }

    internal async Task RunAsync(AlertGateway gateway, TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += Tick)
        {
            await gateway.TickAsync();
            if (Metrics.Status == 200 && passed.Ticks % TimeSpan.FromMinutes(5).Ticks == 0) await gateway.Instances.AnnounceAsync("w1", "agentworker", Metrics.Address, Token);
            Advance(Tick);
            await gateway.Leader.RenewAsync(Token);
        }
    }

    internal static Task LiveAsync(AlertGateway gateway) => gateway.Leader.RenewAsync(Token);

    internal void Advance(TimeSpan by) => Time.Advance(by);

    internal void Queue(int waiting) => Metrics.Answer = $"# TYPE osmen_task_queue_size gauge\nosmen_task_queue_size{{priority=\"5\"}} {waiting}\nother_metric 1\n";

    internal List<string> Titles() => [.. Hook.Requests.Where(r => r.Path == "/").Select(r => JsonDocument.Parse(r.Body).RootElement.GetProperty("title").GetString()!)];

    internal List<string> Escalated() => [.. Hook.Requests.Where(r => r.Path == "/boss").Select(r => JsonDocument.Parse(r.Body).RootElement.GetProperty("text").GetString()!.Split('\n')[0])];

    internal List<string> Subjects() => [.. Mail.Mails.Select(m => m.Subject)];
}
