using System.ComponentModel;
using System.Globalization;
using Microsoft.Extensions.AI;
using OsMEN.AgentWorker.Agents;
using OsMEN.Executions.Catalog;

namespace OsMEN.AgentWorker.Tools;

/// <summary>Models know neither date nor time.</summary>
internal sealed class CurrentTime(TimeProvider time) : IBuiltInTool
{
    public string Name => BuiltInTools.CurrentTime;

    public AIFunction For(AgentRun run) => ToolFunctions.Create(Get, Name, repeatable: true);

    [Description("The current date, time and weekday in a time zone.")]
    public string Get([Description("An IANA time zone such as Europe/Berlin; UTC when left out.")] string? timeZone = null)
    {
        var zone = TimeZoneInfo.TryFindSystemTimeZoneById(timeZone ?? "UTC", out var found)
            ? found
            : throw new ArgumentException($"There is no time zone '{timeZone}'; names are such as Europe/Berlin.");
        return TimeZoneInfo.ConvertTime(time.GetUtcNow(), zone).ToString("dddd yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);
    }
}
