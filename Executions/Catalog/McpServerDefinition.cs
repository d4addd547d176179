namespace OsMEN.Executions.Catalog;

/// <summary>A server of the Model Context Protocol whose tools an agent may use.</summary>
public sealed record McpServerDefinition
{
    /// <summary>Lower case letters, digits, <c>_</c> and <c>-</c>, at most 32, no two <c>_</c> together and none at the end: see <see cref="ToolName"/>.</summary>
    public required string Name { get; init; }

    /// <summary>Program and arguments, spoken to over stdin and stdout; relative paths are to the agent's file. Only in files, as agents that run programs.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Address of a server that is spoken to over HTTP; in the place of <see cref="Command"/>.</summary>
    public string? Url { get; init; }

    /// <summary>Names of its tools that the agent may call; at least one.</summary>
    public IReadOnlyList<string> Allow { get; init; } = [];

    /// <summary>Limit of one call: 1 second to 1 hour. Default 60 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Names of the worker's environment variables that the program gets. Over HTTP at most one: it is sent as bearer token. Only in files.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>What the model calls one of its tools: <c>name__tool</c>, with <c>_</c> for dots, which providers don't take.</summary>
    public string ToolName(string tool) => $"{Name}__{tool.Replace('.', '_')}";
}
