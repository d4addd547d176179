using System.Collections.Concurrent;
using System.Net.Http.Headers;
using OsMEN.Executions;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Gateway.Alerts.State;
using OsMEN.ServiceDefaults.Configuration;
using OsMEN.ServiceDefaults.Tracing;

namespace OsMEN.Gateway.Alerts.Measuring;

/// <summary>Reads <c>/metrics</c> of every gateway and worker, and measures the rules over what it remembers of them.</summary>
internal sealed partial class InstanceMeasure : IAlertMeasure, IDisposable
{
    private const int MaxAnswer = 64 * 1024 * 1024;

    // A condition may have held before this process looked: for so long its absence says nothing.
    private static readonly TimeSpan LongestWarmUp = TimeSpan.FromHours(1);

    private readonly InstanceTable _instances;
    private readonly TelemetryOptions _telemetry;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SampleStore _store = new();
    private readonly RuleMeasure _measure;
    private readonly HttpClient _http;
    private readonly Dictionary<(string Job, string Instance), Target> _targets = [];
    private IReadOnlyList<AlertRule>? _rules;
    private bool _collected;
    private long _now;

    public InstanceMeasure(InstanceTable instances, AlertOptions options, TelemetryOptions telemetry, IConfiguration configuration, TimeProvider time, ILogger<InstanceMeasure> logger)
    {
        _instances = instances;
        _telemetry = telemetry;
        _time = time;
        _logger = logger;
        _measure = new(_store, telemetry.MetricsPrefix);

        // Without a propagator there are no spans either: scrapes are no part of anybody's trace.
        _http = new(new SocketsHttpHandler { ActivityHeadersPropagator = null, AllowAutoRedirect = false, UseProxy = false, PooledConnectionLifetime = TimeSpan.FromMinutes(2) })
        {
            Timeout = options.ScrapeTimeout,
            MaxResponseContentBufferSize = MaxAnswer,
        };
        if (configuration.ReadText("METRICS_SCRAPE_TOKEN") is { } token) _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public async Task CollectAsync(IReadOnlyList<AlertRule> rules, CancellationToken cancellationToken)
    {
        if (!ReferenceEquals(rules, _rules)) _store.Keep(RuleMeasure.Needs(rules, _telemetry.MetricsPrefix));
        _rules = rules;
        var present = await _instances.ListAsync(cancellationToken);
        _now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var gone in _targets.Keys.Except(present.Select(i => (i.Job, i.Url.Authority))).ToArray())
        {
            // It left, or has been silent for so long that it is no longer missed.
            End(_targets[gone].Series);
            if (_targets[gone].Up is { } up) SampleStore.End(up, _now);
            _targets.Remove(gone);
        }
        foreach (var instance in present) _targets.TryAdd((instance.Job, instance.Url.Authority), new(instance.Url) { IsNew = _collected });
        ConcurrentDictionary<Target, string> answers = [];
        await Parallel.ForEachAsync(_targets.Values, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellationToken }, async (target, token) =>
        {
            if (await ScrapeAsync(target, token) is { } answer) answers[target] = answer;
        });
        foreach (var ((job, instance), target) in _targets) Take(job, instance, target, answers.GetValueOrDefault(target));
        _store.Forget(_now);
        _collected = true;
    }

    public Task<IReadOnlyList<CaseFindings>> MeasureAsync(IReadOnlyList<AlertCase> cases, CancellationToken cancellationToken)
    {
        var known = TimeSpan.FromMilliseconds(_now - (_store.Since ?? _now));
        return Task.FromResult<IReadOnlyList<CaseFindings>>(
            [.. cases.Select(c => new CaseFindings(c, _collected ? _measure.Evaluate(c, _now) : null, known >= (c.Window < LongestWarmUp ? c.Window : LongestWarmUp)))]);
    }

    public void Dispose() => _http.Dispose();

    private async Task<string?> ScrapeAsync(Target target, CancellationToken cancellationToken)
    {
        try
        {
            return await _http.GetStringAsync(new Uri(target.Url, "/metrics"), cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogFailed(_logger, e, target.Url);
            return null;
        }
    }

    private void Take(string job, string instance, Target target, string? answer)
    {
        KeyValuePair<string, string>[] origin = [new("job", job), new("instance", instance)];
        target.Up = _store.Add("up", new(origin), _now, answer is null ? 0 : 1, target.IsNew) ?? target.Up;
        HashSet<SampleSeries> seen = [];
        foreach (var (metric, labels, value) in answer is null ? [] : ExpositionReader.Read(answer, _store.IsKept))
            if (_store.Add(metric, labels.With(origin), _now, value, startsHere: target.IsNew || target.Answered) is { } series) seen.Add(series);
        End(target.Series.Except(seen));
        target.Series = seen;
        target.Answered |= answer is not null;
    }

    private void End(IEnumerable<SampleSeries> series)
    {
        foreach (var one in series) SampleStore.End(one, _now);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The metrics of {Url} could not be read")]
    private static partial void LogFailed(ILogger logger, Exception e, Uri url);

    private sealed class Target(Uri url)
    {
        public Uri Url => url;

        /// <summary>Came after this process began to look: all that it counts is new.</summary>
        public bool IsNew { get; init; }

        public bool Answered { get; set; }

        public SampleSeries? Up { get; set; }

        public HashSet<SampleSeries> Series { get; set; } = [];
    }
}
