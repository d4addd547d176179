namespace OsMEN.LocalHosting.Backing;

/// <summary>What the servers see of the environment: nothing of the providers' keys that services get.</summary>
internal static class ServerEnvironment
{
    private static readonly string[] s_passed = ["PATH", "HOME", "LANG", "TMPDIR", "TEMP", "TMP", "USERPROFILE", "SystemRoot", "DOTNET_ROOT", "NUGET_PACKAGES"];

    public static IReadOnlyDictionary<string, string> Variables { get; } = With();

    public static IReadOnlyDictionary<string, string> With(params IEnumerable<KeyValuePair<string, string>> more)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in s_passed)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
                variables[name] = value;
        }

        foreach (var (name, value) in more)
            variables[name] = value;
        return variables;
    }
}
