using System.Diagnostics;

namespace OsMEN.AppHost.Backing;

/// <summary>Programs that are installed on this machine.</summary>
internal static class Programs
{
    /// <summary>The path of the first of these programs that PATH has; null if it has none.</summary>
    public static string? Find(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (FindIn((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries), name) is { } path)
                return path;
        }

        return null;
    }

    /// <summary>The path of the program in the first of these folders that has it; null if none has.</summary>
    public static string? FindIn(IEnumerable<string> folders, string name)
    {
        var file = OperatingSystem.IsWindows() ? name + ".exe" : name;
        return folders.Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);
    }

    /// <summary>Runs a program and waits until it exits.</summary>
    /// <returns>The exit code, or null if the program was killed after <paramref name="timeLimit"/>, and its standard output and error.</returns>
    public static (int? Status, string Output) Run(string program, IEnumerable<string> arguments, TimeSpan timeLimit)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(timeLimit))
        {
            process.Kill(entireProcessTree: true);
            return (null, "");
        }

        return (process.ExitCode, output.GetAwaiter().GetResult() + errors.GetAwaiter().GetResult());
    }
}
