using System.Buffers.Text;
using System.Globalization;
using System.Text;
using OsMEN.Executions.Usage;

namespace OsMEN.Gateway.Executions;

/// <summary>A call that an execution made, as the API shows it; what does not apply to its type is null.</summary>
/// <param name="Type">model or tool.</param>
/// <param name="Status">ok, error, cancelled, running, or unknown: begun, and its execution ended without its end.</param>
/// <param name="Estimated">Whether the tokens were estimated, because the provider told none.</param>
/// <param name="CostUsd">Null where the model has no price.</param>
/// <param name="Arguments">The first 2,000 characters of a tool's arguments, as JSON.</param>
/// <param name="Result">The first 2,000 characters of what a tool gave back.</param>
internal sealed record CallView(
    string Type, string Id, DateTimeOffset StartedAt, double? DurationMs, string Status, string? Error, string? Platform, string? Model, double? FirstTokenMs,
    TokensView? Tokens, bool? Estimated, decimal? CostUsd, string? Tool, int? Round, int? Attempt, string? Arguments, string? Result)
{
    private const int LongestKey = 2000;

    public static CallView Of(ExecutionCall call, bool hasEnded)
    {
        var status = call.Status switch
        {
            ExecutionCallStatus.Ok => "ok",
            ExecutionCallStatus.Error => "error",
            ExecutionCallStatus.Cancelled => "cancelled",
            _ => hasEnded ? "unknown" : "running",
        };
        var took = call.Duration is { } duration ? Math.Round(duration.TotalMilliseconds, 3) : (double?)null;
        return call.Tool is { } tool
            ? new(
                "tool", call.Key, call.StartedAt, took, status, call.Error, null, null, null, null, null, null, tool, call.Round, call.Attempt, call.Arguments, call.Result)
            : new(
                "model", call.Key, call.StartedAt, took, status, call.Error, call.Platform, call.Model,
                call.TimeToFirstToken is { } first ? Math.Round(first.TotalMilliseconds, 3) : null, TokensView.Of(call.Tokens), call.Estimated,
                call.CostUsd is { } cost ? ExecutionView.Dollars(cost) : null, null, null, null, null, null);
    }

    /// <summary>The place of a call in the list, for the next page.</summary>
    public static string Cursor(ExecutionCall call) => Base64Url.EncodeToString(
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{(call.StartedAt.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond} {call.Key}")));

    public static (DateTimeOffset StartedAt, string Key)? TryCursor(string text)
    {
        if (text.Length is 0 or > LongestKey * 4 || !Base64Url.IsValid(text))
            return null;
        var place = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)).Split(' ', 2);
        return place.Length == 2 && !place[1].Contains('\0', StringComparison.Ordinal) && long.TryParse(place[0], NumberStyles.None, CultureInfo.InvariantCulture, out var micros)
            && micros < 40_000_000_000_000_000
            ? (DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond), place[1])
            : null;
    }
}
