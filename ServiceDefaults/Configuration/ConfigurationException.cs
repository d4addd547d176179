namespace OsMEN.ServiceDefaults.Configuration;

/// <summary>
/// A configuration value that cannot be used. <see cref="Exception.Message"/> is one line that names the key, what it holds
/// and what is allowed; <see cref="StartupErrors"/> prints it and ends the process.
/// </summary>
/// <param name="key">The key as a person sets it, such as <c>LOG_LEVEL</c> or <c>ConnectionStrings__redis</c>.</param>
/// <param name="value">What it holds; null when it is missing. Never pass a secret: use <see cref="Secret"/>.</param>
/// <param name="allowed">What would be accepted, as a phrase: <c>one of DEBUG, INFO</c>, <c>a number from 0 to 1</c>.</param>
public sealed class ConfigurationException(string key, string? value, string allowed)
    : Exception($"{key} {(value is null ? "is missing" : $"holds \"{Shorten(value)}\"")}; allowed: {allowed}.")
{
    /// <summary>The key that is wrong.</summary>
    public string Key { get; } = key;

    /// <summary>The same for a key whose value must not be shown.</summary>
    public static ConfigurationException Secret(string key, string allowed) => new(key, "(hidden)", allowed);

    private static string Shorten(string value)
    {
        var line = value.ReplaceLineEndings(" ");
        return line.Length <= 100 ? line : string.Concat(line.AsSpan(0, 100), "…");
    }
}
