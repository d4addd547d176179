using System.Text.Json;
using OsMEN.Executions.Catalog;
using OsMEN.Executions.Workflows;

namespace OsMEN.Gateway.Alerts.State;

/// <summary>A time from one moment to another.</summary>
internal sealed record TimeWindow(DateTimeOffset StartsAt, DateTimeOffset EndsAt);

/// <summary>Windows that come again, such as Sundays from 2 to 4.</summary>
/// <param name="Cron">When each begins, in the time zone; Unix cron: minute, hour, day of month, month, day of week.</param>
/// <param name="Duration">Of each: time that passes, whatever clocks are set to meanwhile.</param>
/// <param name="TimeZone">IANA name.</param>
internal sealed record Recurrence(string Cron, TimeSpan Duration, string TimeZone)
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(744);

    /// <summary>The window that is open at a time, else the next one; null where there is none any more.</summary>
    public TimeWindow? At(DateTimeOffset now) =>
        new WorkflowSchedule(Cron, TimeZone, null, "").Next(now - Duration)?.ToUniversalTime() is { } starts ? new(starts, starts + Duration) : null;

    /// <summary>Reads <c>{"cron": "0 2 * * 0", "duration": "2h", "time_zone": "Europe/Berlin"}</c>; null where something is wrong with it, or it is not there.</summary>
    public static Recurrence? Read(JsonElement element, string field, DateTimeOffset now, List<FieldError> errors)
    {
        if (element.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null) return null;
        var before = errors.Count;
        var fields = new JsonFields(element, $"{field}.", errors);
        var cron = fields.Text("cron") ?? "";
        var duration = fields.Duration("duration");
        var zone = fields.Text("time_zone") ?? "UTC";
        fields.RefuseOthers();
        if (duration is null && errors.Count == before) errors.Add(new($"{field}.duration", "is required: how long each window is, such as 2h"));
        else if (duration < TimeSpan.FromMinutes(1) || duration > Longest) errors.Add(new($"{field}.duration", "must be from 1m to 744h"));
        if (cron.Length > 200) errors.Add(new($"{field}.cron", "must be at most 200 characters"));
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _)) errors.Add(new($"{field}.time_zone", "must be a time zone's name, such as Europe/Berlin"));
        if (errors.Count > before) return null;
        var read = new Recurrence(cron, duration!.Value, zone);
        try
        {
            if (read.At(now) is not null) return read;
            errors.Add(new($"{field}.cron", "never comes"));
        }
        catch (Exception e) when (e is FormatException or ArgumentException or NotSupportedException)
        {
            errors.Add(new($"{field}.cron", $"must be minute, hour, day of month, month and day of week, such as 0 2 * * 0: {e.Message}"));
        }
        return null;
    }

    public static Recurrence FromJson(string json) => JsonSerializer.Deserialize(json, AlertJsonContext.Default.Recurrence)!;

    public string ToJson() => JsonSerializer.Serialize(this, AlertJsonContext.Default.Recurrence);
}
