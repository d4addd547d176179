using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using OsMEN.Executions;
using OsMEN.Gateway.Alerts;
using OsMEN.Gateway.Alerts.Channels;
using OsMEN.Gateway.Alerts.Measuring;
using OsMEN.Gateway.Alerts.Notices;
using OsMEN.Gateway.Alerts.State;
using OsMEN.ServiceDefaults.Tracing;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Alerts;

/// <summary>What a gateway has of the alert engine, over a database and a clock that several share; its loops are the test's to run.</summary>
internal sealed class AlertGateway : IDisposable
{
    private readonly ChannelHttp _http = new();
    private readonly InstanceMeasure _measure;
    private readonly AlertEngine _engine;
    private readonly TimeProvider _time;

    public AlertGateway(TestStore test, TimeProvider time, string file, AlertOptions? options = null)
    {
        _time = time;
        // Only the test's clock ends something: however slow the machine is, what is answered is answered in time.
        options ??= new() { ScrapeTimeout = TimeSpan.FromMinutes(1) };
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("MONITORING_CONFIG_PATH", file), new("METRICS_SCRAPE_TOKEN", "0123456789abcdef")]).Build();
        var source = new AlertFileSource(configuration, new HostingEnvironment { ContentRootPath = Path.GetTempPath() }, NullLogger<AlertFileSource>.Instance);
        var schema = new ExecutionSchema(test.Store, time, NullLogger<ExecutionSchema>.Instance);
        Instances = new(test.Database, time);
        Alerts = new(test.Database);
        Silences = new(test.Database);
        Rules = new(source, new RuleTable(test.Database), time, NullLogger<RuleBook>.Instance);
        Notices = new(test.Database);
        Leader = new(test.Database, options, time);
        var metrics = new AlertMetrics(Metering.Factory());
        _measure = new(Instances, options, TelemetryOptions.Read(configuration), configuration, time, NullLogger<InstanceMeasure>.Instance);
        Mutes = new(Alerts, Silences, source, time);
        _engine = new(schema, Rules, source, _measure, Alerts, Mutes, Notices, Leader, metrics, options, time, NullLogger<AlertEngine>.Instance);
        Sender = new(schema, Notices, Leader, source, new NoticeChannels(_http, metrics, time), options, time, NullLogger<NoticeSender>.Instance);
    }

    public InstanceTable Instances { get; }

    public AlertTable Alerts { get; }

    public SilenceTable Silences { get; }

    public MuteReader Mutes { get; }

    public RuleBook Rules { get; }

    public NoticeTable Notices { get; }

    public LeaderLock Leader { get; }

    public NoticeSender Sender { get; }

    /// <summary>The lease, an evaluation, and what is then due to be sent.</summary>
    public async Task TickAsync()
    {
        var token = TestContext.Current.CancellationToken;
        await Leader.RenewAsync(token);
        await _engine.EvaluateAsync(token);
        if (Leader.Fence is not null) await Sender.SendDueAsync(token);
    }

    /// <summary>What is to be told is written, and not yet sent.</summary>
    public Task EvaluateAsync() => _engine.EvaluateAsync(TestContext.Current.CancellationToken);

    /// <summary>Takes a notice as who sends it does, and goes no further.</summary>
    public async Task ClaimAsync(WaitingNotice notice)
    {
        var (now, token) = (_time.GetUtcNow(), TestContext.Current.CancellationToken);
        var claim = NoticeClaim.Taken;
        await Leader.WriteAsync(async transaction => claim = await NoticeTable.ClaimAsync(transaction, notice, 1000, now, now + TimeSpan.FromSeconds(20), token), token);
        Assert.Equal(NoticeClaim.Claimed, claim);
    }

    public void Dispose()
    {
        Sender.Dispose();
        _engine.Dispose();
        _measure.Dispose();
        _http.Dispose();
    }
}
