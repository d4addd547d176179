using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Tools;

/// <summary>Limits of one run of an agent's loop. The caller's token limits its time.</summary>
/// <param name="MaxRounds">Most model calls.</param>
/// <param name="MaxTokens">Most tokens, input and output, of all rounds together; checked after each round.</param>
public sealed record ToolLoopLimits(int MaxRounds = 10, long MaxTokens = 200_000);

/// <summary>The outcome of a loop.</summary>
/// <param name="Text">The model's last answer.</param>
public sealed record ToolLoopResult(string Text, int Rounds, int ToolCalls);

/// <summary>
/// Calls a model, runs the tools that it asks for, and calls it again with their results, until it answers without asking for any. The calls
/// of one round run one after the other, in the model's order.
/// </summary>
public sealed class ToolLoop(IChatClient client, ToolLoopLimits limits)
{
    // A tool that returns a book would fill the context; the model sees that its result was cut.
    private const int MaxResult = 100_000;

    // More calls in one answer are a sign of a model in a loop.
    private const int MaxCallsInRound = 32;

    /// <summary>A result as the text that the model gets, cut if it is very long.</summary>
    public static string TextOf(object? result)
    {
        var text = result switch
        {
            null => "",
            string plain => plain,
            JsonElement { ValueKind: JsonValueKind.String } element => element.GetString()!,
            _ => JsonSerializer.Serialize(result, AIJsonUtilities.DefaultOptions),
        };
        return text.Length <= MaxResult ? text : string.Concat(text.AsSpan(0, MaxResult), "… (cut)");
    }

    /// <summary>Runs until the model's last answer.</summary>
    /// <param name="options">Includes the tools.</param>
    /// <param name="earlier">Recorded answers of rounds 1, 2, …: they take the place of the model's, which is not asked again.</param>
    /// <exception cref="LlmException">The model failed, or a limit was reached.</exception>
    public async Task<ToolLoopResult> RunAsync(
        IEnumerable<ChatMessage> messages, ChatOptions options, IToolLoopObserver observer, CancellationToken cancellationToken, IReadOnlyList<ToolLoopTurn>? earlier = null)
    {
        // Disposing these would dispose the caller's client.
        var turns = new TurnChatClient(client, limits, observer, earlier ?? []);
        var invoking = new InvokingChatClient(turns, observer);
        await foreach (var update in invoking.GetStreamingResponseAsync(messages, options, cancellationToken))
        {
            // The observer has what is to be seen.
        }

        return new ToolLoopResult(turns.Text, turns.Round, invoking.ToolCalls);
    }

    /// <summary>Runs tools through the observer. The model gets the message of a tool that fails, since it may know another way.</summary>
    private sealed class InvokingChatClient : FunctionInvokingChatClient
    {
        private readonly TurnChatClient _turns;
        private readonly IToolLoopObserver _observer;

        public InvokingChatClient(TurnChatClient turns, IToolLoopObserver observer)
            : base(turns)
        {
            (_turns, _observer) = (turns, observer);

            // The turns end the run with an error at its limits. An exception from a tool call is always a reason to stop.
            MaximumIterationsPerRequest = int.MaxValue;
            MaximumConsecutiveErrorsPerRequest = 0;
        }

        public int ToolCalls { get; private set; }

        protected override async ValueTask<object?> InvokeFunctionAsync(FunctionInvocationContext context, CancellationToken cancellationToken)
        {
            ToolCalls++;
            var call = context.CallContent;
            if (context.FunctionCallIndex >= MaxCallsInRound)
                return Fail("too_many_calls", $"Error: this tool was not run; at most {MaxCallsInRound} tools can be called at once.");
            if (call.Exception is not null)
                return Fail("invalid_arguments", "Error: the arguments are not a JSON object.");
            try
            {
                return TextOf(await _observer.OnToolAsync(_turns.Round, call, context.Function, cancellationToken));
            }
            catch (Exception e) when (e is not ToolLoopAbortedException && (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested))
            {
                return Fail(e.GetType().FullName!, $"Error: {e.Message}");
            }
        }

        private static string Fail(string type, string message)
        {
            if (Activity.Current is { } span && span.DisplayName.StartsWith("execute_tool ", StringComparison.Ordinal))
                span.SetTag("error.type", type).SetStatus(ActivityStatusCode.Error);
            return message;
        }
    }
}
