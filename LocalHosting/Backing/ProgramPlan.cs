namespace OsMEN.LocalHosting.Backing;

/// <summary>A program to start.</summary>
internal sealed record ProgramPlan(string Program, IReadOnlyList<string> Arguments)
{
    public required string WorkingDirectory { get; init; }

    public StopSignal StopSignal { get; init; } = StopSignal.Terminate;

    /// <summary>A command that removes what may be left when the program had to be killed; none unless given.</summary>
    public IReadOnlyList<string> CleanUp { get; init; } = [];

    /// <summary>How long it may take to stop before it is killed.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>What asks a program to stop.</summary>
internal enum StopSignal
{
    Terminate,

    /// <summary>PostgreSQL's fast shutdown: it does not wait for its clients to go.</summary>
    Interrupt,
}
