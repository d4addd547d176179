using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Pipeline;

/// <summary>Ends a call that takes too long as a whole, or that is silent for too long before or between pieces.</summary>
internal sealed class TimeLimitChatClient(IChatClient inner, LlmOptions options, TimeProvider time) : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? chatOptions = null, CancellationToken cancellationToken = default)
    {
        using var limit = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await base.GetResponseAsync(messages, chatOptions, either.Token);
        }
        catch (Exception e) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new LlmException(LlmErrorKind.Timeout, $"No answer within {options.Timeout}.", e);
        }
        catch (Exception e) when (Translate(e, cancellationToken) is { } translated)
        {
            throw translated;
        }
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? chatOptions = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var limit = new CancellationTokenSource(options.Timeout, time);
        using var silence = new CancellationTokenSource(options.IdleTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, silence.Token, cancellationToken);
        await using var updates = base.GetStreamingResponseAsync(messages, chatOptions, either.Token).GetAsyncEnumerator(either.Token);
        while (true)
        {
            try
            {
                if (!await updates.MoveNextAsync())
                    yield break;
            }
            catch (Exception e) when (either.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw new LlmException(
                    LlmErrorKind.Timeout,
                    limit.IsCancellationRequested ? $"The answer was not complete within {options.Timeout}." : $"Nothing came for {options.IdleTimeout}.",
                    e);
            }
            catch (Exception e) when (Translate(e, cancellationToken) is { } translated)
            {
                throw translated;
            }

            // The reader may take its time: only the provider's silence counts.
            silence.CancelAfter(Timeout.InfiniteTimeSpan);
            yield return updates.Current;
            silence.CancelAfter(options.IdleTimeout);
        }
    }

    // Client libraries wrap what the connection throws, each in its own way.
    private static LlmException? Translate(Exception e, CancellationToken cancellationToken)
    {
        if (e is LlmException || (e is OperationCanceledException && cancellationToken.IsCancellationRequested))
            return null;
        for (var cause = e; cause is not null; cause = cause.InnerException)
        {
            if (cause is LlmException known)
                return known;
            if (cause is IOException or HttpRequestException)
                return new LlmException(LlmErrorKind.Interrupted, "The answer broke off.", e);
        }

        return new LlmException(LlmErrorKind.Malformed, $"The provider's answer could not be understood ({e.GetType().Name}).", e);
    }
}
