using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OsMEN.Llm.Pipeline;

namespace OsMEN.Llm.Tools;

/// <summary>Limits of one run of an agent's loop. Time is limited by the caller's token.</summary>
/// <param name="MaxRounds">Most model calls.</param>
/// <param name="MaxTokens">Most tokens, input and output, of all rounds together; checked after each round.</param>
public sealed record ToolLoopLimits(int MaxRounds = 10, long MaxTokens = 200_000);

/// <summary>The outcome of a loop.</summary>
/// <param name="Text">The model's last answer.</param>
public sealed record ToolLoopResult(string Text, int Rounds, int ToolCalls);

/// <summary>
/// Calls a model, runs the tools that it asks for, and calls it again with their results, until it answers without asking for
/// any. Calls of one round run one after the other, in the model's order.
/// </summary>
public sealed class ToolLoop(IChatClient client, ToolLoopLimits limits)
{
    private static readonly ActivitySource Source = new(TracingChatClient.SourceName);

    // A tool that answers with a book would fill the context; the model is told that it was cut.
    private const int MaxResult = 100_000;

    // More in one answer is a model gone astray.
    private const int MaxCallsInRound = 32;

    /// <summary>The text of a result as the model gets it: cut, if it is very long.</summary>
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

    /// <summary>Runs to the end.</summary>
    /// <param name="options">With the tools; those that are no <see cref="AIFunction"/> cannot be run here.</param>
    /// <param name="earlier">Answers of rounds 1, 2, … that were recorded before: they stand for those of the model, which is not asked again.</param>
    /// <exception cref="LlmException">The model failed, or a limit was reached.</exception>
    public async Task<ToolLoopResult> RunAsync(
        IEnumerable<ChatMessage> messages, ChatOptions options, IToolLoopObserver observer, CancellationToken cancellationToken, IReadOnlyList<ToolLoopTurn>? earlier = null)
    {
        var history = new List<ChatMessage>(messages);
        var tools = (options.Tools ?? []).OfType<AIFunction>().ToDictionary(t => t.Name, StringComparer.Ordinal);
        var used = 0L;
        var called = 0;
        for (var round = 1; ; round++)
        {
            var recorded = round <= earlier?.Count;
            var (turn, reason) = recorded ? (earlier![round - 1], null) : await AskAsync(history, options, observer, cancellationToken);
            var answer = turn.Answer;
            used += turn.Tokens;
            var calls = answer.Contents.OfType<FunctionCallContent>().ToArray();
            if (calls.Length == 0)
            {
                return reason == ChatFinishReason.ContentFilter
                    ? throw new LlmException(LlmErrorKind.ContentFiltered, "The provider's filter stopped the answer.")
                    : new ToolLoopResult(answer.Text, round, called);
            }

            if (used >= limits.MaxTokens)
                throw new LlmException(LlmErrorKind.TooManyTokens, $"{used} tokens were used, {limits.MaxTokens} are allowed, and the model asks for more tools.");
            if (round >= limits.MaxRounds)
                throw new LlmException(LlmErrorKind.TooManyRounds, $"The model still asks for tools after {limits.MaxRounds} rounds.");
            if (!recorded)
                await observer.OnTurnAsync(round, turn, cancellationToken);
            history.Add(answer);
            var results = new ChatMessage(ChatRole.Tool, []);
            for (var i = 0; i < calls.Length; i++)
            {
                called++;
                var result = i < MaxCallsInRound
                    ? await RunToolAsync(round, calls[i], tools, observer, cancellationToken)
                    : $"Error: this was not run; at most {MaxCallsInRound} tools can be called at once.";
                results.Contents.Add(new FunctionResultContent(calls[i].CallId, result));
            }

            history.Add(results);
        }
    }

    private async Task<(ToolLoopTurn Turn, ChatFinishReason? Reason)> AskAsync(
        List<ChatMessage> history, ChatOptions options, IToolLoopObserver observer, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var answer = new ChatMessage(ChatRole.Assistant, []);
        var tokens = 0L;
        ChatFinishReason? reason = null;
        await foreach (var update in client.GetStreamingResponseAsync(history, options, cancellationToken))
        {
            reason = update.FinishReason ?? reason;
            foreach (var content in update.Contents)
            {
                switch (content)
                {
                    case TextContent { Text: { Length: > 0 } delta }:
                        text.Append(delta);
                        await observer.OnTextAsync(delta, cancellationToken);
                        break;
                    case FunctionCallContent call:
                        answer.Contents.Add(WithOwnId(call, answer));
                        break;
                    case UsageContent usage:
                        tokens = Math.Max(tokens, (usage.Details.InputTokenCount ?? 0) + (usage.Details.OutputTokenCount ?? 0));
                        break;
                }
            }
        }

        if (text.Length > 0)
            answer.Contents.Insert(0, new TextContent(text.ToString()));
        return (new ToolLoopTurn(answer, tokens), reason);
    }

    // Some servers number the calls of an answer all alike, or not at all; a result, and a journal, need to tell them apart.
    private static FunctionCallContent WithOwnId(FunctionCallContent call, ChatMessage answer)
    {
        var number = answer.Contents.OfType<FunctionCallContent>().Count() + 1;
        return call.CallId.Length > 0 && answer.Contents.OfType<FunctionCallContent>().All(c => c.CallId != call.CallId)
            ? call
            : new FunctionCallContent(string.Create(CultureInfo.InvariantCulture, $"{call.CallId}#{number}"), call.Name, call.Arguments) { Exception = call.Exception };
    }

    // What goes wrong in a tool is told to the model, which may know another way; only a stop ends the loop.
    private async Task<object?> RunToolAsync(
        int round, FunctionCallContent call, Dictionary<string, AIFunction> tools, IToolLoopObserver observer, CancellationToken cancellationToken)
    {
        var known = tools.TryGetValue(call.Name, out var tool);
        using var activity = Source.StartActivity($"execute_tool {(known ? call.Name : "unknown")}");
        var captures = activity is { IsAllDataRequested: true } && client.GetService<TracingChatClient>() is { CapturesContent: true };
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag("gen_ai.operation.name", "execute_tool");
            activity.SetTag("gen_ai.tool.name", call.Name);
            activity.SetTag("gen_ai.tool.type", "function");
            activity.SetTag("gen_ai.tool.call.id", call.CallId);
            activity.SetTag("gen_ai.tool.description", tool?.Description);
            if (captures)
                activity.SetTag("gen_ai.tool.call.arguments", MessageContent.Arguments(call.Arguments));
        }

        try
        {
            if (call.Exception is not null)
                return Failed(activity, captures, "invalid_arguments", "Error: the arguments are not a JSON object.");
            if (!known)
                return Failed(activity, captures, "unknown_tool", $"Error: there is no tool '{call.Name}'. There are: {string.Join(", ", tools.Keys)}.");
            var result = await observer.OnToolAsync(round, call, tool!, cancellationToken);
            var text = TextOf(result);
            if (captures)
                activity!.SetTag("gen_ai.tool.call.result", MessageContent.Result(text));
            return text;
        }
        catch (Exception e) when (e is not ToolLoopAbortedException && (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested))
        {
            return Failed(activity, captures, e.GetType().FullName!, $"Error: {e.Message}");
        }
    }

    private static string Failed(Activity? activity, bool captures, string type, string told)
    {
        if (captures)
            activity!.SetTag("gen_ai.tool.call.result", MessageContent.Result(told));
        activity?.SetTag("error.type", type);
        activity?.SetStatus(ActivityStatusCode.Error);
        return told;
    }
}
