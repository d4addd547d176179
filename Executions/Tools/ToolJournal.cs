namespace OsMEN.Executions;

/// <summary>An answer of the model that asked for tools, as the journal holds it.</summary>
/// <param name="Round">From 1.</param>
/// <param name="Tokens">What the round used, input and output.</param>
/// <param name="Message">JSON text of the answer.</param>
public sealed record JournaledTurn(int Round, long Tokens, string Message);

/// <summary>A call of a tool: started, and, where <see cref="Result"/> is set, ended.</summary>
/// <param name="Attempt">The attempt in which it was last started.</param>
/// <param name="Failed">Whether the result is an error's message.</param>
public sealed record JournaledCall(int Round, string CallId, string Tool, int Attempt, bool Failed, string? Result);

/// <summary>What the attempts before have done.</summary>
public sealed record ToolJournal(IReadOnlyList<JournaledTurn> Turns, IReadOnlyList<JournaledCall> Calls)
{
    public static ToolJournal Empty { get; } = new([], []);
}
