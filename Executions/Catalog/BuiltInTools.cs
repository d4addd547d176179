namespace OsMEN.Executions.Catalog;

/// <summary>
/// Names of the tools that a worker brings along. One list for both sides: the gateway checks a definition against it
/// without knowing the tools, and the worker is tested to have exactly these.
/// </summary>
public static class BuiltInTools
{
    /// <summary>Date, time and weekday in a time zone.</summary>
    public const string CurrentTime = "current_time";

    /// <summary>All names, sorted.</summary>
    public static IReadOnlyList<string> Names { get; } = [CurrentTime];
}
