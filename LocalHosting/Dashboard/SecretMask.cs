using System.Text.RegularExpressions;

namespace OsMEN.LocalHosting.Dashboard;

/// <summary>Hides what is secret in a resource's variables: by the variable's name, by the values of secret parameters, by what stands before it in a connection string or an address.</summary>
/// <param name="secrets">Values of secret parameters.</param>
internal sealed partial class SecretMask(IEnumerable<string> secrets)
{
    public const string Hidden = "••••••••";

    // What is shorter would hide ordinary words.
    private readonly string[] _secrets = [.. secrets.Where(s => s.Length >= 4).OrderByDescending(s => s.Length)];

    public string Apply(string name, string value)
    {
        if (value.Length == 0)
            return value;
        if (SecretName().IsMatch(name))
            return Hidden;
        foreach (var secret in _secrets)
            value = value.Replace(secret, Hidden, StringComparison.Ordinal);
        value = Assignment().Replace(value, "${name}" + Hidden);
        return UserInfo().Replace(value, "${before}" + Hidden + "@");
    }

    [GeneratedRegex("KEY|SECRET|TOKEN|PASSW|PWD|CREDENTIAL|OTLP_HEADERS", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex SecretName();

    // Password=…; in a connection string, password=…, in Redis', ?token=…& in an address.
    [GeneratedRegex("(?<name>\\b(password|pwd|passwd|secret|token|[a-z_ -]*key)\\s*=\\s*)(\"[^\"]*\"|'[^']*'|[^;,&]+)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Assignment();

    [GeneratedRegex("(?<before>[a-z][a-z0-9+.-]*://[^/@:\\s]*:)[^/\\s]*@", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex UserInfo();
}
