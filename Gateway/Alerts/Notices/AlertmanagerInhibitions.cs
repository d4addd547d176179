using System.Text;
using System.Text.RegularExpressions;
using OsMEN.Gateway.Alerts.Rules;

namespace OsMEN.Gateway.Alerts.Notices;

/// <summary>The last part of <c>monitoring/alertmanager/alertmanager.yml</c>, from <c>inhibitions</c> of <c>monitoring/alerts.yaml</c>; what is before it is written by hand.</summary>
internal static partial class AlertmanagerInhibitions
{
    private const string Heading = "# While the source fires, nobody is told of the target. From here on written from \"inhibitions\" of monitoring/alerts.yaml by\n# \"dotnet run --project Gateway -- generate\".\ninhibit_rules:";

    /// <summary>The file for the solution in <paramref name="root"/>.</summary>
    /// <exception cref="FormatException">The inhibitions cannot be used; the message names every problem with its line.</exception>
    public static string Write(string root)
    {
        var path = Path.Combine(root, "monitoring", "alerts.yaml");
        var file = RoutingYaml.Read(path, File.ReadAllText(path), static _ => null);
        return file.Problems.Count > 0
            ? throw new FormatException(string.Join('\n', file.Problems))
            : Write(File.ReadAllText(Path.Combine(root, "monitoring", "alertmanager", "alertmanager.yml")).ReplaceLineEndings("\n"), file.Inhibitions);
    }

    public static string Write(string before, IReadOnlyList<Inhibition> inhibitions)
    {
        var own = before.IndexOf(Heading, StringComparison.Ordinal);
        var text = new StringBuilder((own < 0 ? before : before[..own]).TrimEnd('\n')).Append("\n\n").Append(Heading);
        if (inhibitions.Count == 0) text.Append(" []");
        text.Append('\n');
        foreach (var inhibition in inhibitions)
        {
            text.Append("  - source_matchers: [").AppendJoin(", ", inhibition.Source.Select(Matcher)).Append("]\n");
            text.Append("    target_matchers: [").AppendJoin(", ", inhibition.Target.Select(Matcher)).Append("]\n");
            if (inhibition.Equal.Count > 0) text.Append("    equal: [").AppendJoin(", ", inhibition.Equal).Append("]\n");
        }
        return text.ToString();
    }

    // Each is a YAML text in single quotes around a matcher whose value is in double ones.
    private static string Matcher(LabelFilter filter)
    {
        if (filter.Values is [var only] && Word().IsMatch(only)) return $"{filter.Label} = {only}";
        var isExact = filter.Values.Count == 1 && !filter.Values[0].Contains('*', StringComparison.Ordinal);
        var value = isExact ? filter.Values[0] : string.Join('|', filter.Values.Select(v => Regex.Escape(v).Replace("\\*", ".*", StringComparison.Ordinal).Replace("\\ ", " ", StringComparison.Ordinal)));
        var quoted = value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        return $"'{filter.Label} {(isExact ? "=" : "=~")} \"{quoted.Replace("'", "''", StringComparison.Ordinal)}\"'";
    }

    [GeneratedRegex("^[A-Za-z0-9_]+$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Word();
}
