using OsMEN.Gateway.Alerts.Notices;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Gateway.Grafana;

namespace OsMEN.Gateway.Generation;

/// <summary>
/// The committed files that are written from code or from another file: <c>dotnet run --project Gateway -- generate</c>. With
/// <c>--check</c> nothing is written, and the exit code is 1 where a file is not what it would be.
/// </summary>
internal static class GeneratedFiles
{
    /// <summary>Every generated file of the solution in <paramref name="root"/>: its path in it, and its text.</summary>
    /// <exception cref="FormatException">A file that another is made from cannot be used.</exception>
    public static IEnumerable<(string Path, string Text)> All(string root) =>
    [
        ("docs/metrics.md", MetricDocument.Write()),
        ("monitoring/alertmanager/alertmanager.yml", AlertmanagerInhibitions.Write(root)),
        ("monitoring/prometheus/rules/alerts.yaml", PrometheusRules.Write(root)),
        .. Boards.All(root),
    ];

    /// <summary>Runs the command with what follows <c>generate</c>; returns the exit code.</summary>
    public static int Run(ReadOnlySpan<string> args, string directory, TextWriter output, TextWriter errors)
    {
        var check = args is ["--check"];
        if (args.Length > 0 && !check)
        {
            errors.WriteLine($"generate takes --check or nothing, not: {string.Join(' ', args)}");
            return 2;
        }
        if (FindRoot(directory) is not { } root)
        {
            errors.WriteLine($"generate runs inside the solution's folder; {directory} is not in one");
            return 2;
        }
        try
        {
            return Write(root, check, output, errors);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            errors.WriteLine(e.Message);
            return 1;
        }
    }

    private static int Write(string root, bool check, TextWriter output, TextWriter errors)
    {
        var stale = 0;
        foreach (var (path, text) in All(root))
        {
            var file = Path.Combine(root, path);
            if (File.Exists(file) && File.ReadAllText(file).ReplaceLineEndings("\n") == text) continue;
            stale++;
            if (check)
            {
                errors.WriteLine($"{path} is not current: dotnet run --project Gateway -- generate");
                continue;
            }
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text);
            output.WriteLine($"wrote {path}");
        }
        return check && stale > 0 ? 1 : 0;
    }

    private static string? FindRoot(string directory)
    {
        for (var folder = new DirectoryInfo(directory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Directory.Packages.props"))) return folder.FullName;
        return null;
    }
}
