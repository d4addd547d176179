using System.Text.RegularExpressions;

namespace OsMEN.AppHost;

/// <summary>The file <c>.env</c> beside the solution: <c>NAME=value</c> lines for whoever would rather not export them. What the environment has wins.</summary>
internal static partial class DotEnv
{
    /// <summary>Adds the <c>.env</c> of the solution that this program was built in to the environment. A line that cannot be read ends the process.</summary>
    public static void Load()
    {
        if (Find() is not { } path)
            return;
        try
        {
            foreach (var (name, value) in Parse(File.ReadLines(path)))
            {
                if (Environment.GetEnvironmentVariable(name) is null)
                    Environment.SetEnvironmentVariable(name, value);
            }
        }
        catch (Exception error) when (error is FormatException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"OsMEN cannot start: {path}: {error.Message}");
            Environment.Exit(1);
        }
    }

    /// <summary>
    /// Reads lines <c>NAME=value</c>, with or without <c>export</c>. Empty lines and those that begin with # are left out,
    /// and what follows " #" after an unquoted value. In single quotes everything stands for itself; in double quotes
    /// \n, \", \\ and \$ mean what they do in a shell. Nothing is expanded. A name twice has its last value.
    /// </summary>
    /// <exception cref="FormatException">A line is none of this. The message has its number, and nothing of its value.</exception>
    public static IReadOnlyDictionary<string, string> Parse(IEnumerable<string> lines)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        var number = 0;
        foreach (var raw in lines)
        {
            number++;
            var line = raw.Trim();
            if (line.Length == 0 || line[0] == '#')
                continue;
            var match = Assignment().Match(line);
            if (!match.Success)
                throw new FormatException($"line {number} is not NAME=value.");
            variables[match.Groups["name"].Value] = Value(match.Groups["value"].Value.Trim())
                ?? throw new FormatException($"line {number}: the quoted value of {match.Groups["name"].Value} does not end with its quote.");
        }

        return variables;
    }

    private static string? Value(string text)
    {
        if (text is not ['\'' or '"', ..])
            return Comment().Replace(text, "");
        var match = (text[0] == '"' ? DoubleQuoted() : SingleQuoted()).Match(text);
        if (!match.Success)
            return null;
        var value = match.Groups["value"].Value;
        return text[0] == '"' ? Escape().Replace(value, e => e.Value[1] == 'n' ? "\n" : e.Value[1..]) : value;
    }

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (folder.EnumerateFiles("*.sln").Any())
                return Path.Combine(folder.FullName, ".env") is var path && File.Exists(path) ? path : null;
        }

        return null;
    }

    [GeneratedRegex("^(export\\s+)?(?<name>[A-Za-z_][A-Za-z0-9_]*)\\s*=(?<value>.*)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Assignment();

    [GeneratedRegex("(^|\\s+)#.*$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Comment();

    [GeneratedRegex("^'(?<value>[^']*)'\\s*(#.*)?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex SingleQuoted();

    [GeneratedRegex("^\"(?<value>([^\"\\\\]|\\\\.)*)\"\\s*(#.*)?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex DoubleQuoted();

    [GeneratedRegex("\\\\[n\"\\\\$]", RegexOptions.CultureInvariant)]
    private static partial Regex Escape();
}
