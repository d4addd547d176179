using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Pipeline;

/// <summary>
/// Repeats a call that failed for a passing reason before anything of its answer was handed on: after what
/// <c>Retry-After</c> says, else after 0.5 s, 1 s, 2 s …, half of it at random. A provider that asks for more than a minute is
/// not waited for: the execution's own retry comes later.
/// </summary>
internal sealed class RetryChatClient(IChatClient inner, int maxRetries, TimeProvider time) : DelegatingChatClient(inner)
{
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(1);

    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        for (var failures = 0; ; failures++)
        {
            try
            {
                return await base.GetResponseAsync(messages, options, cancellationToken);
            }
            catch (LlmException e) when (DelayAfter(e, failures) is { } delay)
            {
                await Task.Delay(delay, time, cancellationToken);
            }
        }
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (var failures = 0; ; failures++)
        {
            await using var updates = base.GetStreamingResponseAsync(messages, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
            TimeSpan? delay = null;
            var any = false;
            try
            {
                any = await updates.MoveNextAsync();
            }
            catch (LlmException e) when (DelayAfter(e, failures) is { } d)
            {
                delay = d;
            }

            if (delay is { } wait)
            {
                await Task.Delay(wait, time, cancellationToken);
                continue;
            }

            if (!any)
                yield break;
            do
                yield return updates.Current;
            while (await updates.MoveNextAsync());
            yield break;
        }
    }

    private TimeSpan? DelayAfter(LlmException e, int failures)
    {
        if (!e.IsTransient || failures >= maxRetries || e.RetryAfter > MaxDelay)
            return null;
        return e.RetryAfter ?? TimeSpan.FromSeconds(0.5 * (1 << failures) * (0.5 + (Random.Shared.NextDouble() / 2)));
    }
}
