using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Tools;

/// <summary>
/// Stands below the <see cref="FunctionInvokingChatClient"/> for one run. It reports each answer that asks for tools before the tools run,
/// replays answers that were recorded before instead of asking the model again, and ends the run at its limits.
/// </summary>
internal sealed class TurnChatClient(IChatClient inner, ToolLoopLimits limits, IToolLoopObserver observer, IReadOnlyList<ToolLoopTurn> earlier)
    : DelegatingChatClient(inner)
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private long _tokens;

    /// <summary>The round of the last answer, from 1.</summary>
    public int Round { get; private set; }

    /// <summary>The text of the last answer.</summary>
    public string Text { get; private set; } = "";

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Round++;
        if (Round <= earlier.Count)
        {
            var recorded = earlier[Round - 1];
            CheckLimits(recorded.Tokens);

            // The caller marks the calls as made.
            yield return new ChatResponseUpdate(ChatRole.Assistant, [.. recorded.Answer.Contents]);
            yield break;
        }

        var text = new StringBuilder();
        var answer = new ChatMessage(ChatRole.Assistant, []);
        var tokens = 0L;
        ChatFinishReason? reason = null;
        await foreach (var update in base.GetStreamingResponseAsync(messages, options, cancellationToken))
        {
            reason = update.FinishReason ?? reason;
            for (var i = 0; i < update.Contents.Count; i++)
            {
                switch (update.Contents[i])
                {
                    case TextContent { Text: { Length: > 0 } delta }:
                        text.Append(delta);
                        await observer.OnTextAsync(delta, cancellationToken);
                        break;
                    case TextReasoningContent reasoning:
                        answer.Contents.Add(reasoning);
                        break;
                    case FunctionCallContent call:
                        update.Contents[i] = call = WithUniqueId(WithValidArguments(call), answer);
                        answer.Contents.Add(call);
                        break;
                    case UsageContent usage:
                        tokens += (usage.Details.InputTokenCount ?? 0) + (usage.Details.OutputTokenCount ?? 0);
                        break;
                }
            }

            yield return update;
        }

        Text = text.ToString();
        if (!answer.Contents.OfType<FunctionCallContent>().Any())
        {
            if (reason == ChatFinishReason.ContentFilter)
                throw new LlmException(LlmErrorKind.ContentFiltered, "The provider's filter stopped the answer.");
            yield break;
        }

        CheckLimits(tokens);
        if (text.Length > 0)
            answer.Contents.Insert(answer.Contents.TakeWhile(c => c is TextReasoningContent).Count(), new TextContent(Text));
        await observer.OnTurnAsync(Round, new ToolLoopTurn(answer, tokens), cancellationToken);
    }

    private void CheckLimits(long tokens)
    {
        _tokens += tokens;
        if (_tokens >= limits.MaxTokens)
            throw new LlmException(LlmErrorKind.TooManyTokens, $"The model asks for more tools after {_tokens} tokens; the limit is {limits.MaxTokens}.");
        if (Round >= limits.MaxRounds)
            throw new LlmException(LlmErrorKind.TooManyRounds, $"The model still asks for tools after {limits.MaxRounds} rounds.");
    }

    // Arguments with half of a surrogate pair are JSON but no text: neither a tool nor a database could take them.
    private static FunctionCallContent WithValidArguments(FunctionCallContent call)
    {
        if (call.Exception is not null || call.Arguments is null || call.Arguments.All(a => IsUnicode(a.Key) && IsUnicode(a.Value)))
            return call;
        return new FunctionCallContent(call.CallId, call.Name) { Exception = new FormatException("The arguments are not valid Unicode.") };
    }

    private static bool IsUnicode(object? value)
    {
        try
        {
            return value switch
            {
                string text => Strict.GetByteCount(text) >= 0,
                JsonElement { ValueKind: JsonValueKind.String } text => text.GetString() is not null,
                JsonElement { ValueKind: JsonValueKind.Array } items => items.EnumerateArray().All(i => IsUnicode(i)),
                JsonElement { ValueKind: JsonValueKind.Object } fields => fields.EnumerateObject().All(f => IsUnicode(f.Name) && IsUnicode(f.Value)),
                _ => true,
            };
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            return false;
        }
    }

    // Some servers give all calls of an answer the same id, or none. Results and the journal need to tell them apart.
    private static FunctionCallContent WithUniqueId(FunctionCallContent call, ChatMessage answer)
    {
        var earlier = answer.Contents.OfType<FunctionCallContent>().ToArray();
        return call.CallId.Length > 0 && earlier.All(c => c.CallId != call.CallId)
            ? call
            : new FunctionCallContent(string.Create(CultureInfo.InvariantCulture, $"{call.CallId}#{earlier.Length + 1}"), call.Name, call.Arguments) { Exception = call.Exception };
    }
}
