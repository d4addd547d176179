using System.Collections;

namespace OsMEN.LocalHosting.Backing.Containers;

/// <summary>
/// The variables of a container. They are handed to the runtime in its own environment and named on its command line, so that no
/// secret stands where every user of the machine can read it.
/// </summary>
internal static class ContainerEnvironment
{
    /// <summary>What the runtime itself needs: where its daemon is, its configuration, a proxy.</summary>
    public static IReadOnlyDictionary<string, string> OfRuntime { get; } = Read();

    /// <summary>The variables of the runtime's process, and the arguments that pass those of the container on.</summary>
    public static (IReadOnlyDictionary<string, string> Variables, IReadOnlyList<string> Arguments) Pass(IReadOnlyDictionary<string, string> container)
    {
        var variables = new Dictionary<string, string>(OfRuntime, StringComparer.Ordinal);
        var arguments = new List<string>();
        foreach (var (name, value) in container)
        {
            arguments.Add("--env");
            if (IsOfRuntime(name))
            {
                arguments.Add($"{name}={value}");
                continue;
            }

            arguments.Add(name);
            variables[name] = value;
        }

        return (variables, arguments);
    }

    private static Dictionary<string, string> Read() => Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
        .Where(v => IsOfRuntime((string)v.Key))
        .ToDictionary(v => (string)v.Key, v => (string?)v.Value ?? "", StringComparer.Ordinal);

    private static bool IsOfRuntime(string name) =>
        name is "PATH" or "HOME" or "USERPROFILE" or "SystemRoot" or "TMPDIR" or "TEMP" or "TMP" or "LANG" or "SSH_AUTH_SOCK"
        || name.StartsWith("DOCKER_", StringComparison.Ordinal) || name.StartsWith("CONTAINER", StringComparison.Ordinal)
        || name.StartsWith("XDG_", StringComparison.Ordinal) || name.EndsWith("_PROXY", StringComparison.OrdinalIgnoreCase);
}
