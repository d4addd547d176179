using System.ComponentModel;
using System.Globalization;

namespace OsMEN.AgentWorker.Tools;

/// <summary>Models know neither date nor time.</summary>
internal sealed class CurrentTime(TimeProvider time)
{
    [Description("The current date, time and weekday in a time zone.")]
    public string Get([Description("An IANA time zone such as Europe/Berlin; UTC when left out.")] string? timeZone = null)
    {
        var zone = TimeZoneInfo.TryFindSystemTimeZoneById(timeZone ?? "UTC", out var found)
            ? found
            : throw new ArgumentException($"There is no time zone '{timeZone}'; names are such as Europe/Berlin.");
        return TimeZoneInfo.ConvertTime(time.GetUtcNow(), zone).ToString("dddd yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);
    }
}
