namespace OsMEN.LocalHosting;

/// <summary>How an application is hosted.</summary>
public sealed class DistributedApplicationOptions
{
    /// <summary>The command line. See <see cref="DistributedApplication.Run"/> for what it may hold.</summary>
    public string[]? Args { get; init; }

    /// <summary>Whether it runs without its dashboard, and services send their telemetry nowhere unless told where.</summary>
    public bool DisableDashboard { get; init; }

    /// <summary>AppHost's folder; what its build wrote down unless given.</summary>
    public string? ProjectDirectory { get; init; }
}
