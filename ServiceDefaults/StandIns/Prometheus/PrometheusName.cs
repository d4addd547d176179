using System.Text;

namespace OsMEN.ServiceDefaults.StandIns.Prometheus;

/// <summary>
/// OpenTelemetry's names and units as Prometheus's:
/// https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
/// </summary>
internal static class PrometheusName
{
    /// <summary>A family's name without <c>_total</c>, and its unit as Prometheus writes it (empty when it has none).</summary>
    public static (string Name, string Unit) ForMetric(string name, string? unit, bool isCounter, bool isGauge)
    {
        var clean = Sanitize(name, allowColon: true);
        if (isCounter && clean.EndsWith("_total", StringComparison.Ordinal)) clean = clean[..^"_total".Length];
        var words = UnitOf(unit ?? "", isGauge);
        if (words.Length > 0 && !clean.EndsWith($"_{words}", StringComparison.Ordinal) && clean != words) clean = $"{clean}_{words}";
        return (clean, words);
    }

    /// <summary>A label's name.</summary>
    public static string ForLabel(string name) => Sanitize(name, allowColon: false);

    private static string Sanitize(string name, bool allowColon)
    {
        var text = new StringBuilder(name.Length + 1);
        foreach (var c in name)
        {
            if (char.IsAsciiLetterOrDigit(c) || (allowColon && c == ':'))
            {
                if (text.Length == 0 && char.IsAsciiDigit(c)) text.Append('_');
                text.Append(c);
            }
            else if (text.Length == 0 || text[^1] != '_')
            {
                text.Append('_');
            }
        }
        return text.Length == 0 ? "_" : text.ToString();
    }

    private static string UnitOf(string unit, bool isGauge)
    {
        // What stands in braces is a note, not a unit.
        while (unit.IndexOf('{', StringComparison.Ordinal) is >= 0 and var open && unit.IndexOf('}', open) is >= 0 and var close) unit = unit.Remove(open, close - open + 1);
        unit = unit.Trim();
        if (unit.Length == 0) return "";
        if (unit == "1") return isGauge ? "ratio" : "";
        var slash = unit.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0) return Sanitize(Word(unit), allowColon: false).Trim('_');
        var (above, below) = (Word(unit[..slash]), PerWord(unit[(slash + 1)..]));
        if (below.Length == 0) return Sanitize(above, allowColon: false).Trim('_');
        return Sanitize(above.Length == 0 ? $"per_{below}" : $"{above}_per_{below}", allowColon: false).Trim('_');
    }

    private static string Word(string unit) => unit switch
    {
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "GiBy" => "gibibytes",
        "TiBy" => "tibibytes",
        "KBy" => "kilobytes",
        "MBy" => "megabytes",
        "GBy" => "gigabytes",
        "TBy" => "terabytes",
        "m" => "meters",
        "V" => "volts",
        "A" => "amperes",
        "J" => "joules",
        "W" => "watts",
        "g" => "grams",
        "Cel" => "celsius",
        "Hz" => "hertz",
        "%" => "percent",
        "$" => "dollars",
        _ => unit,
    };

    private static string PerWord(string unit) => unit switch
    {
        "s" => "second",
        "m" => "minute",
        "min" => "minute",
        "h" => "hour",
        "d" => "day",
        "w" => "week",
        "mo" => "month",
        "y" => "year",
        _ => unit,
    };
}
