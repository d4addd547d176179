using System.Globalization;
using OsMEN.Gateway.Alerts.Rules;

namespace OsMEN.Gateway.Alerts.Measuring;

/// <summary>Measured values in alerts' texts, written as Prometheus's templates write them, so that both tell the same.</summary>
internal static class HumanNumber
{
    private static readonly string[] Large = ["", "k", "M", "G", "T", "P", "E", "Z", "Y"];
    private static readonly string[] Binary = ["", "ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
    private static readonly string[] Small = ["", "m", "u", "n", "p", "f", "a", "z", "y"];

    public static string Format(double value, AlertUnit unit) => unit switch
    {
        AlertUnit.Percent => $"{Digits(value * 100)}%",
        AlertUnit.Seconds => Duration(value),
        AlertUnit.Bytes => $"{Scaled(value, 1024, Binary)}B",
        AlertUnit.Dollars => string.Create(CultureInfo.InvariantCulture, $"${value:0.00}"),
        _ => Math.Abs(value) is >= 1 or 0 ? Scaled(value, 1000, Large) : Fraction(value),
    };

    private static string Duration(double value)
    {
        if (!double.IsFinite(value) || value == 0) return $"{Digits(value)}{(value == 0 ? "s" : "")}";
        if (Math.Abs(value) < 1) return $"{Fraction(value)}s";
        var (sign, whole) = (value < 0 ? "-" : "", (long)Math.Abs(value));
        var (days, hours, minutes, seconds) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
        if (days > 0) return string.Create(CultureInfo.InvariantCulture, $"{sign}{days}d {hours}h {minutes}m {seconds}s");
        if (hours > 0) return string.Create(CultureInfo.InvariantCulture, $"{sign}{hours}h {minutes}m {seconds}s");
        return minutes > 0 ? string.Create(CultureInfo.InvariantCulture, $"{sign}{minutes}m {seconds}s") : $"{Digits(value)}s";
    }

    private static string Scaled(double value, double step, string[] units)
    {
        var i = 0;
        for (; Math.Abs(value) >= step && double.IsFinite(value) && i < units.Length - 1; i++) value /= step;
        return Digits(value) + units[i];
    }

    private static string Fraction(double value)
    {
        var i = 0;
        for (; Math.Abs(value) < 1 && i < Small.Length - 1; i++) value *= 1000;
        return Digits(value) + Small[i];
    }

    private static string Digits(double value) => value.ToString("g4", CultureInfo.InvariantCulture);
}
