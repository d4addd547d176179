using System.Globalization;

namespace OsMEN.Executions.Catalog;

/// <summary>Durations as files and requests write them: a whole number and a unit, such as <c>500ms</c>, <c>30s</c>, <c>5m</c>, <c>2h</c>.</summary>
public static class DurationText
{
    private static readonly (string Unit, long Milliseconds)[] Units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

    private const long LongestMilliseconds = 366L * 24 * 3_600_000;

    /// <summary>False for anything else, and for over a year.</summary>
    public static bool TryParse(string? text, out TimeSpan duration)
    {
        duration = default;
        var digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        if (text is null || digits is < 1 or > 11)
        {
            return false;
        }
        var unit = text[digits..];
        var factor = Array.Find(Units, u => u.Unit == unit).Milliseconds;
        var milliseconds = long.Parse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture) * factor;
        if (factor == 0 || milliseconds > LongestMilliseconds)
        {
            return false;
        }
        duration = TimeSpan.FromMilliseconds(milliseconds, 0);
        return true;
    }

    /// <summary>The text in the largest unit that holds it exactly. Less than a millisecond is cut.</summary>
    public static string Format(TimeSpan duration)
    {
        var milliseconds = duration.Ticks / TimeSpan.TicksPerMillisecond;
        var (unit, factor) = milliseconds == 0 ? Units[1] : Array.FindLast(Units, u => milliseconds % u.Milliseconds == 0);
        return string.Create(CultureInfo.InvariantCulture, $"{milliseconds / factor}{unit}");
    }
}
