using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using OsMEN.Executions.Catalog;
using OsMEN.Executions.Workflows;

namespace OsMEN.Gateway.Schedules;

/// <summary>One schedule of one workflow.</summary>
/// <param name="Id">The workflow and the number of the schedule in its file: <c>morning_brief/1</c>.</param>
internal sealed record Schedule(string Id, WorkflowDefinition Workflow, WorkflowSchedule When)
{
    /// <summary>Differs when its time does: one that was changed is due by its new time, not by what was computed from the old.</summary>
    public string Rule => $"{When.Cron} {When.TimeZone}";

    /// <summary>Those of all workflows.</summary>
    public static IEnumerable<Schedule> Of(WorkflowCatalog catalog) =>
        catalog.List().SelectMany(w => w.Schedules.Select((s, i) => new Schedule(string.Create(CultureInfo.InvariantCulture, $"{w.Id}/{i + 1}"), w, s)));

    /// <summary>The idempotency key of the execution that is due at a time: however many gateways start it, it is started once.</summary>
    public string KeyAt(DateTimeOffset due) => string.Create(CultureInfo.InvariantCulture, $"schedule:{Id}:{due:yyyy-MM-ddTHH:mm:ssZ}");

    public static byte[] HashOf(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}

/// <summary>A schedule as the API shows it.</summary>
/// <param name="CatchupWindow">How late a time that was missed may still be started.</param>
internal sealed record ScheduleView(string Id, string Workflow, string Cron, string TimeZone, string User, string CatchupWindow, DateTimeOffset? NextAt, Guid? LastExecution)
{
    public static ScheduleView Of(Schedule schedule, StoredSchedule? stored) => new(
        schedule.Id,
        schedule.Workflow.Id,
        schedule.When.Cron,
        schedule.When.TimeZone,
        schedule.When.User,
        DurationText.Format(schedule.When.CatchupWindow),
        stored?.Rule == schedule.Rule ? stored.NextAt : null,
        stored?.LastExecution);
}
