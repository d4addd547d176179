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
public sealed record AgentDefinition : ICatalogDefinition
{
    /// <summary>Lower case letters, digits, <c>_</c> and <c>-</c>; at most 64. The file's name without its ending, unless the file says otherwise.</summary>
    public required string Id { get; init; }

    /// <summary>What it does, for people; at most 500 characters.</summary>
    public required string Description { get; init; }
    public AgentType Type { get; init; } = AgentType.Llm;

    /// <summary>System prompt of an <see cref="AgentType.Llm"/> agent.</summary>
    public string? Instructions { get; init; }

    /// <summary><c>platform/model</c>; null takes the process-wide default.</summary>
    public string? Model { get; init; }

    /// <summary>Models to ask, in their order, when <see cref="Model"/> does not answer; at most 7.</summary>
    public IReadOnlyList<string> Fallback { get; init; } = [];

    /// <summary>Whether and how long answers of its models are kept; null keeps none.</summary>
    public AgentCache? Cache { get; init; }

    /// <summary>0 to 2; null leaves it to the provider.</summary>
    public double? Temperature { get; init; }

    /// <summary>
    /// JSON text of an object with further fields of the provider's own request, such as <c>seed</c>, <c>reasoning_effort</c> or a vendor's
    /// extension; null for none. They are sent unchanged.
    /// </summary>
    public string? ModelOptions { get; init; }

    /// <summary>Names of <see cref="BuiltInTools"/> that the agent may call.</summary>
    public IReadOnlyList<string> Tools { get; init; } = [];

    /// <summary>MCP servers whose tools an <see cref="AgentType.Llm"/> agent may call.</summary>
    public IReadOnlyList<McpServerDefinition> Mcp { get; init; } = [];

    /// <summary>Program and arguments of an <see cref="AgentType.Process"/> agent; relative paths are to its file's folder.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Image of an <see cref="AgentType.Container"/> agent, whose <see cref="Command"/> may stay empty.</summary>
    public string? Image { get; init; }

    /// <summary>What the container of an <see cref="AgentType.Container"/> agent may use.</summary>
    public ContainerResources Resources { get; init; } = new();

    /// <summary>Names of the worker's environment variables that the program gets. It sees no other but PATH, HOME, LANG, OSMEN_EXECUTION_ID and TRACEPARENT.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];
    public AgentLimits Limits { get; init; } = new();

    /// <summary>What a completed execution is charged, in dollars, 0 to 1 million; null where it is not charged. Revenue and margin are counted from it.</summary>
    public decimal? PriceUsd { get; init; }

    /// <summary>JSON text of an input that shows what the agent is for.</summary>
    public string? Example { get; init; }

    /// <summary>Folder of the file it came from; null when it came by the API.</summary>
    public string? Folder { get; init; }
}

/// <summary>How answers of an agent's models are kept: the same question is then answered without asking, and for nothing.</summary>
/// <param name="TimeToLive">1 second to 30 days.</param>
/// <param name="Shared">Whether all users share them; else each user has their own.</param>
public sealed record AgentCache(TimeSpan TimeToLive, bool Shared);

/// <summary>What one container of an agent may use.</summary>
public sealed record ContainerResources
{
    /// <summary>Memory in MiB, without swap: 16 to 1,048,576. Default 512.</summary>
    public int MemoryMb { get; init; } = 512;

    /// <summary>Cores, 0.01 to 1,024. Default 1.</summary>
    public double Cpus { get; init; } = 1;

    /// <summary>Most processes and threads at once, 1 to 32,768. Default 256.</summary>
    public int Processes { get; init; } = 256;

    /// <summary>Whether it has a network, the runtime's default one. Default false: none but loopback.</summary>
    public bool Network { get; init; }
}

/// <summary>Limits of one execution of an agent.</summary>
public sealed record AgentLimits
{
    /// <summary>Limit of one attempt: 1 second to 24 hours.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>1 to 20.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>Most rounds of model call and tool calls: 1 to 100.</summary>
    public int MaxRounds { get; init; } = 10;

    /// <summary>Most tokens, input and output, of all rounds together: 1 to 100 million.</summary>
    public long MaxTokens { get; init; } = 200_000;

    /// <summary>Most tokens of one answer; null leaves it to the provider. At most a million.</summary>
    public int? MaxOutputTokens { get; init; }
}
