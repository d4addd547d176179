namespace OsMEN.Executions.Catalog;

/// <summary>
/// Names of the tools that a worker brings along. One list for both sides: the gateway checks a definition against it
/// without knowing the tools, and the worker is tested to have exactly these.
/// </summary>
public static class BuiltInTools
{
    /// <summary>Date, time and weekday in a time zone.</summary>
    public const string CurrentTime = "current_time";

    /// <summary>A page or document of the public web, as text.</summary>
    public const string HttpGet = "http_get";

    /// <summary>A text file of the folder that the worker is configured with.</summary>
    public const string ReadFile = "read_file";

    /// <summary>What the agent was told to remember for the user.</summary>
    public const string Recall = "recall";

    /// <summary>Keeps a note for later executions of the agent for the same user.</summary>
    public const string Remember = "remember";

    /// <summary>Runs another agent as a child and waits for its output.</summary>
    public const string RunAgent = "run_agent";

    /// <summary>Names and lines of that folder's files.</summary>
    public const string SearchFiles = "search_files";

    /// <summary>All names, sorted.</summary>
    public static IReadOnlyList<string> Names { get; } = [CurrentTime, HttpGet, ReadFile, Recall, Remember, RunAgent, SearchFiles];
}
