using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Cache;

/// <summary>Answers from the cache where it can. Such an answer reached no provider: it has no usage and costs nothing.</summary>
internal sealed class CachingChatClient(IChatClient inner, AnswerCache cache, ModelName model, TimeSpan timeToLive, string? user) : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var list = messages as IList<ChatMessage> ?? [.. messages];
        var key = AnswerCache.KeyOf(model, user, list, options);
        if (await cache.FindAsync(key) is { } found)
            return Free(found);
        var response = await base.GetResponseAsync(list, options, cancellationToken);
        await cache.KeepAsync(key, response, timeToLive);
        return response;
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var list = messages as IList<ChatMessage> ?? [.. messages];
        var key = AnswerCache.KeyOf(model, user, list, options);
        if (await cache.FindAsync(key) is { } found)
        {
            foreach (var update in Free(found).ToChatResponseUpdates())
                yield return update;
            yield break;
        }

        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in base.GetStreamingResponseAsync(list, options, cancellationToken))
        {
            updates.Add(update);
            yield return update;
        }

        await cache.KeepAsync(key, updates.ToChatResponse(), timeToLive);
    }

    private static ChatResponse Free(ChatResponse response)
    {
        response.Usage = null;
        return response;
    }
}
