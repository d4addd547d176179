using System.Text.Json;
using OsMEN.Executions;
using OsMEN.Llm;

namespace OsMEN.AgentWorker.Agents;

/// <summary>
/// Reads what a program writes, line by line. A JSON object with a known <c>type</c> is a message; anything else is a line of its
/// log, so that a stray print does no harm.
/// </summary>
internal sealed class ProcessOutput(AgentRun run)
{
    private string? _result;
    private ExecutionError? _error;
    private bool _retryable;
    private string? _platform;
    private string? _model;

    /// <summary>Tokens that the program says it has used.</summary>
    public TokenUsage Tokens { get; private set; }

    /// <summary>Dollars that the program says it has spent; null when it does not say.</summary>
    public decimal? CostUsd { get; private set; }

    /// <summary>Counts what the program says it has used as one model call: its own calls are not seen here.</summary>
    public void TellTokens(TimeProvider time)
    {
        if (Tokens.Total == 0 && CostUsd is null)
            return;
        var now = time.GetUtcNow();
        run.OnCall(new LlmCall
        {
            Id = Guid.CreateVersion7(now),
            Platform = _platform ?? "process",
            Model = _model ?? run.Agent.Id,
            StartedAt = now,
            Duration = TimeSpan.Zero,
            Status = LlmCallStatus.Ok,
            Tokens = Tokens,
            CostUsd = CostUsd,
        });
    }

    public async ValueTask TakeAsync(string line, CancellationToken cancellationToken)
    {
        if (line.Length == 0)
            return;
        if (Read(line) is { } item)
            await run.Events.WriteAsync(item, cancellationToken);
    }

    /// <summary>The outcome once the program has ended.</summary>
    public AgentOutcome End(int exitCode, string stderr)
    {
        if (_error is { } error)
            return AgentOutcome.Failed(error.Type, error.Message, _retryable);
        if (exitCode != 0)
            return AgentOutcome.Failed("ExitCode", stderr.Length == 0 ? $"The program ended with code {exitCode}." : $"The program ended with code {exitCode}: {stderr}", retryable: true);
        return _result is { } result ? new AgentOutcome(result) : AgentOutcome.Failed("NoResult", "The program ended without a result.");
    }

    private ExecutionEvent? Read(string line)
    {
        if (line[0] != '{')
            return new ExecutionEvent.Log(Clean(line));
        try
        {
            using var json = JsonDocument.Parse(line);
            var root = json.RootElement;
            return Text(root, "type") switch
            {
                "log" => new ExecutionEvent.Log(Clean(Text(root, "log") ?? Text(root, "message") ?? ""), Level(Text(root, "level"))),
                "output" => new ExecutionEvent.OutputDelta(Clean(Text(root, "delta") ?? "")),
                "metrics" => Measured(root),
                "result" => Finished(root),
                "error" => Failed(root),
                _ => new ExecutionEvent.Log(Clean(line)),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return new ExecutionEvent.Log(Clean(line));
        }
    }

    private ExecutionEvent? Finished(JsonElement root)
    {
        if (root.TryGetProperty("output", out var output))
        {
            // Written anew, so that the record holds valid text whatever was escaped.
            _result = JsonSerializer.Serialize(output, AgentJsonContext.Default.JsonElement);
            return null;
        }

        return new ExecutionEvent.Log("A result has an output; this has none.", EventLogLevel.Warning);
    }

    private ExecutionEvent.Log Failed(JsonElement root)
    {
        _error = new ExecutionError(Clean(Text(root, "error") ?? "AgentError"), Clean(Text(root, "message") ?? "The program gave no reason."));
        _retryable = root.TryGetProperty("retryable", out var retryable) && retryable.ValueKind == JsonValueKind.True;
        return new ExecutionEvent.Log(_error.Message, EventLogLevel.Error);
    }

    private ExecutionEvent? Measured(JsonElement root)
    {
        Tokens = new TokenUsage(Number(root, "input_tokens") ?? Tokens.Input, Number(root, "output_tokens") ?? Tokens.Output);
        if (root.TryGetProperty("cost_usd", out var cost) && cost.ValueKind == JsonValueKind.Number && cost.TryGetDecimal(out var dollars) && dollars is >= 0 and < 1_000_000)
            CostUsd = decimal.Round(dollars, 9);
        _platform = Name(root, "platform") ?? _platform;
        _model = Name(root, "model") ?? _model;
        return null;
    }

    private static string? Name(JsonElement root, string name) => Text(root, name) is { Length: > 0 and <= 100 } text ? Clean(text) : null;

    private static long? Number(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0 ? number : null;

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static EventLogLevel Level(string? level) => level?.ToLowerInvariant() switch
    {
        "debug" => EventLogLevel.Debug,
        "warning" or "warn" => EventLogLevel.Warning,
        "error" or "critical" => EventLogLevel.Error,
        _ => EventLogLevel.Info,
    };

    // A NUL is escaped in frames, but no error message or log viewer wants one.
    private static string Clean(string text) => text.Contains('\0', StringComparison.Ordinal) ? text.Replace("\0", "", StringComparison.Ordinal) : text;
}
