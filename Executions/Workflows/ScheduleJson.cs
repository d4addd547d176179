using System.Text.Json;
using OsMEN.Executions.Catalog;

namespace OsMEN.Executions.Workflows;

/// <summary>Reads the schedules of a workflow.</summary>
internal static class ScheduleJson
{
    private const int Most = 20;

    public static IReadOnlyList<WorkflowSchedule> Read(JsonElement element, bool hasExample, List<FieldError> errors)
    {
        if (element.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            return [];
        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() > Most)
        {
            errors.Add(new("schedules", $"must be a list of at most {Most}"));
            return [];
        }

        return [.. element.EnumerateArray().Select((e, i) => Read(e, $"schedules[{i}]", hasExample, errors))];
    }

    private static WorkflowSchedule Read(JsonElement element, string path, bool hasExample, List<FieldError> errors)
    {
        var fields = new JsonFields(element, path + ".", errors);
        var cron = fields.Text("cron") ?? "";
        var zone = fields.Text("time_zone") ?? "UTC";
        var input = CatalogJson.Raw(fields, "input", errors, $"{path}.input");
        if (input is null && !hasExample)
            errors.Add(new($"{path}.input", "is required where the workflow has no example"));
        var user = fields.Text("user") ?? "scheduler";
        if (user.Length is 0 or > 200)
            errors.Add(new($"{path}.user", "must be 1 to 200 characters"));
        var window = fields.Duration("catchup_window");
        if (window < TimeSpan.FromSeconds(10) || window > TimeSpan.FromHours(8760))
            errors.Add(new($"{path}.catchup_window", "must be 10s to 8760h"));
        fields.RefuseOthers();
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _))
            errors.Add(new($"{path}.time_zone", "must be a time zone's name, such as Europe/Berlin"));
        else
            CheckCron(cron, zone, path, errors);
        var schedule = new WorkflowSchedule(cron, zone, input, user);
        return window is { } catchup ? schedule with { CatchupWindow = catchup } : schedule;
    }

    private static void CheckCron(string cron, string zone, string path, List<FieldError> errors)
    {
        try
        {
            if (WorkflowSchedule.Parse(cron, zone).GetNextValidTimeAfter(DateTimeOffset.UnixEpoch) is null)
                errors.Add(new($"{path}.cron", "never comes, such as 30 February"));
        }
        catch (Exception e) when (e is FormatException or ArgumentException or NotSupportedException)
        {
            errors.Add(new($"{path}.cron", $"must be minute, hour, day of month, month and day of week, such as 30 7 * * 1-5: {e.Message}"));
        }
    }
}
