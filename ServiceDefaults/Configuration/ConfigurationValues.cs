using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace OsMEN.ServiceDefaults.Configuration;

/// <summary>
/// Typed reads of flat keys (<c>LOG_LEVEL</c>). An absent or blank key gives the fallback; a value that cannot be used
/// throws <see cref="ConfigurationException"/>.
/// </summary>
public static class ConfigurationValues
{
    /// <summary>The trimmed text of a key; null when absent or blank.</summary>
    public static string? ReadText(this IConfiguration configuration, string key)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return configuration[key]?.Trim() is { Length: > 0 } text ? text : null;
    }

    /// <summary>true, false, 1, 0, yes, no, on or off, in any case.</summary>
    public static bool ReadBoolean(this IConfiguration configuration, string key, bool fallback) => configuration.ReadText(key) switch
    {
        null => fallback,
        var text => text.ToLowerInvariant() switch
        {
            "true" or "1" or "yes" or "on" => true,
            "false" or "0" or "no" or "off" => false,
            _ => throw new ConfigurationException(key, text, "true or false"),
        },
    };

    /// <summary>A whole number between <paramref name="min"/> and <paramref name="max"/>, both included.</summary>
    public static long ReadInteger(this IConfiguration configuration, string key, long fallback, long min, long max)
    {
        if (configuration.ReadText(key) is not { } text) return fallback;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max
            ? value
            : throw new ConfigurationException(key, text, string.Create(CultureInfo.InvariantCulture, $"a whole number from {min} to {max}"));
    }

    /// <summary>A number between <paramref name="min"/> and <paramref name="max"/>, both included.</summary>
    public static double ReadNumber(this IConfiguration configuration, string key, double fallback, double min, double max)
    {
        if (configuration.ReadText(key) is not { } text) return fallback;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max
            ? value
            : throw new ConfigurationException(key, text, string.Create(CultureInfo.InvariantCulture, $"a number from {min} to {max}"));
    }

    /// <summary>A duration as <c>500ms</c>, <c>30s</c>, <c>5m</c>, <c>2h</c>, <c>1d</c> or <c>hh:mm:ss</c>, within the bounds.</summary>
    public static TimeSpan ReadDuration(this IConfiguration configuration, string key, TimeSpan fallback, TimeSpan min, TimeSpan max)
    {
        if (configuration.ReadText(key) is not { } text) return fallback;
        return TryParseDuration(text, out var value) && value >= min && value <= max
            ? value
            : throw new ConfigurationException(key, text, $"a duration such as 500ms, 30s or 5m, from {min} to {max}");
    }

    /// <summary>One of the names given, in any case; the name comes back as it is spelled there.</summary>
    public static string ReadChoice(this IConfiguration configuration, string key, string fallback, params ReadOnlySpan<string> names)
    {
        if (configuration.ReadText(key) is not { } text) return fallback;
        foreach (var name in names)
            if (name.Equals(text, StringComparison.OrdinalIgnoreCase)) return name;
        throw new ConfigurationException(key, text, $"one of {string.Join(", ", names!)}");
    }

    /// <summary>An absolute http or https address; null when absent.</summary>
    public static Uri? ReadHttpAddress(this IConfiguration configuration, string key)
    {
        if (configuration.ReadText(key) is not { } text) return null;
        return Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new ConfigurationException(key, Logging.SecretRedactor.Redact(text), "an absolute address such as http://localhost:4317");
    }

    private static bool TryParseDuration(string text, out TimeSpan value)
    {
        ReadOnlySpan<(string Suffix, double Seconds)> units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400)];
        foreach (var (suffix, seconds) in units)
        {
            if (text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)
                && double.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                && number * seconds is >= 0 and < 1e9)
            {
                value = TimeSpan.FromSeconds(number * seconds);
                return true;
            }
        }
        value = default;
        return text.Contains(':') && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out value);
    }
}
