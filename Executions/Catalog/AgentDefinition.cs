namespace OsMEN.Executions.Catalog;

/// <summary>How an agent runs.</summary>
public enum AgentType
{
    /// <summary>Instructions and a model, with tools.</summary>
    Llm,

    /// <summary>Any program: JSON lines on stdin and stdout.</summary>
    Process,

    /// <summary>The same in an image.</summary>
    Container,
}

/// <summary>An agent as its YAML file (catalog/agents) or the REST API declares it.</summary>
public sealed record AgentDefinition
{
    /// <summary>Lower case letters, digits, <c>_</c> and <c>-</c>; at most 64. The file's name without its ending.</summary>
    public required string Id { get; init; }
    public required string Description { get; init; }
    public AgentType Type { get; init; } = AgentType.Llm;

    /// <summary>System prompt of an <see cref="AgentType.Llm"/> agent.</summary>
    public string? Instructions { get; init; }

    /// <summary><c>platform/model</c>; null takes the process-wide default.</summary>
    public string? Model { get; init; }
    public double? Temperature { get; init; }

    /// <summary>Names of built-in tools that the agent may call.</summary>
    public IReadOnlyList<string> Tools { get; init; } = [];

    /// <summary>Program and arguments of an <see cref="AgentType.Process"/> agent; relative paths are to its file's folder.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Image of an <see cref="AgentType.Container"/> agent.</summary>
    public string? Image { get; init; }
    public AgentLimits Limits { get; init; } = new();

    /// <summary>JSON text of an input that shows what the agent is for.</summary>
    public string? Example { get; init; }

    /// <summary>Folder of the file it came from; null when it came by the API.</summary>
    public string? Folder { get; init; }
}

/// <summary>Limits of one execution of an agent.</summary>
public sealed record AgentLimits
{
    /// <summary>Limit of one attempt.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);
    public int MaxAttempts { get; init; } = 3;

    /// <summary>Most rounds of model call and tool calls.</summary>
    public int MaxRounds { get; init; } = 10;

    /// <summary>Most tokens, input and output, of all rounds together.</summary>
    public long MaxTokens { get; init; } = 200_000;

    /// <summary>Most tokens of one answer; null leaves it to the provider.</summary>
    public int? MaxOutputTokens { get; init; }
}
