namespace OsMEN.LocalHosting.Running;

/// <summary>How an application is run.</summary>
/// <param name="Args">The command line.</param>
/// <param name="Folder">Where it keeps what is its own.</param>
internal sealed record RunOptions(IReadOnlyList<string> Args, LocalFolder Folder)
{
    /// <summary>Whether an endpoint has the port that it prefers, if that is free.</summary>
    public bool PreferredPorts { get; init; } = true;

    /// <summary>Whether Ctrl+C and the like stop it.</summary>
    public bool StopsOnSignals { get; init; } = true;

    /// <summary>Where its lines go.</summary>
    public TextWriter Console { get; init; } = System.Console.Out;

    /// <summary>Called when the resources are being started.</summary>
    public Action? OnStarted { get; init; }

    /// <summary>Several at once, in a process that is not theirs.</summary>
    public RunOptions ForTests() => this with { PreferredPorts = false, StopsOnSignals = false, Console = TextWriter.Null };
}
