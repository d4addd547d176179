using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Tools;

/// <summary>An answer of the model that asks for tools.</summary>
/// <param name="Tokens">What it used, input and output.</param>
public sealed record ToolLoopTurn(ChatMessage Answer, long Tokens);

/// <summary>What a loop tells while it runs, in order.</summary>
public interface IToolLoopObserver
{
    /// <summary>A piece of the model's text.</summary>
    ValueTask OnTextAsync(string delta, CancellationToken cancellationToken);

    /// <summary>The model asks for tools, and none of them has run yet: a journal records the answer.</summary>
    /// <param name="round">From 1.</param>
    ValueTask OnTurnAsync(int round, ToolLoopTurn turn, CancellationToken cancellationToken);

    /// <summary>
    /// Runs a tool call, or stands in for it: a journal answers what it has recorded, so that a retry repeats no side effect. What it
    /// throws is told to the model, but for <see cref="ToolLoopAbortedException"/>.
    /// </summary>
    /// <param name="round">From 1.</param>
    ValueTask<object?> OnToolAsync(int round, FunctionCallContent call, AIFunction tool, CancellationToken cancellationToken);
}

/// <summary>Ends the loop from within a tool call: it cannot go on here.</summary>
public sealed class ToolLoopAbortedException(string message, Exception? inner = null) : Exception(message, inner);
