using System.Globalization;
using System.Text.Json;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Gateway.Alerts.State;

namespace OsMEN.Gateway.Alerts.Measuring;

/// <summary>Asks Prometheus's HTTP API for each case's expression. While it does not answer, alerts stay as they are.</summary>
internal sealed partial class PrometheusMeasure : IAlertMeasure, IDisposable
{
    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private bool _answers = true;

    public PrometheusMeasure(Uri address, AlertOptions options, TimeProvider time, ILogger<PrometheusMeasure> logger)
    {
        _time = time;
        _logger = logger;
        _http = new(new SocketsHttpHandler { ActivityHeadersPropagator = null, AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(2) })
        {
            BaseAddress = new Uri(address.ToString().TrimEnd('/') + "/"),
            Timeout = options.ScrapeTimeout,
            MaxResponseContentBufferSize = 16 * 1024 * 1024,
        };
    }

    public Task CollectAsync(IReadOnlyList<AlertRule> rules, CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task<IReadOnlyList<CaseFindings>> MeasureAsync(IReadOnlyList<AlertCase> cases, CancellationToken cancellationToken)
    {
        var at = (_time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0).ToString("0.000", CultureInfo.InvariantCulture);
        var findings = new CaseFindings[cases.Count];
        await Parallel.ForAsync(0, cases.Count, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellationToken }, async (i, token) =>
            findings[i] = new(cases[i], await QueryAsync(cases[i].Expression, at, token)));
        var answers = findings.Length == 0 || findings.Any(f => f.Findings is not null);
        if (answers != _answers) LogAnswers(_logger, answers ? "answers again" : "does not answer: alerts stay as they are", _http.BaseAddress!);
        _answers = answers;
        return findings;
    }

    public void Dispose() => _http.Dispose();

    private async Task<IReadOnlyList<Finding>?> QueryAsync(string expression, string at, CancellationToken cancellationToken)
    {
        try
        {
            using var content = new FormUrlEncodedContent([new("query", expression), new("time", at)]);
            using var answer = await _http.PostAsync("api/v1/query", content, cancellationToken);
            answer.EnsureSuccessStatusCode();
            await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
            using var json = await JsonDocument.ParseAsync(stream, cancellationToken: cancellationToken);
            return [.. json.RootElement.GetProperty("data").GetProperty("result").EnumerateArray().Select(Read)];
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException
            || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogFailed(_logger, e);
            return null;
        }
    }

    private static Finding Read(JsonElement row) => new(
        new(row.GetProperty("metric").EnumerateObject().Where(l => l.Name != "__name__").Select(l => KeyValuePair.Create(l.Name, l.Value.GetString() ?? ""))),
        double.Parse(row.GetProperty("value")[1].GetString() ?? "", NumberStyles.Float, CultureInfo.InvariantCulture));

    [LoggerMessage(Level = LogLevel.Warning, Message = "Prometheus at {Address} {What}")]
    private static partial void LogAnswers(ILogger logger, string what, Uri address);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Prometheus did not answer a rule's expression")]
    private static partial void LogFailed(ILogger logger, Exception e);
}
