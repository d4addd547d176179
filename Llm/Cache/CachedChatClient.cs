using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Cache;

/// <summary>Answers from the cache where it can. A cached answer reached no provider: it has no usage and costs nothing.</summary>
internal sealed class CachedChatClient(IChatClient inner, AnswerCache cache, ModelName model, TimeSpan timeToLive, string? user) : CachingChatClient(inner)
{
    // Plain and streamed requests share their answers, so the additional values, which tell them apart, are left out.
    protected override string GetCacheKey(IEnumerable<ChatMessage> messages, ChatOptions? options, params ReadOnlySpan<object?> additionalValues) =>
        AnswerCache.KeyOf(model, user, messages, options);

    protected override async Task<ChatResponse?> ReadCacheAsync(string key, CancellationToken cancellationToken)
    {
        var found = await cache.FindAsync(key);
        found?.Usage = null;
        return found;
    }

    protected override Task WriteCacheAsync(string key, ChatResponse value, CancellationToken cancellationToken) => cache.KeepAsync(key, value, timeToLive);

    // Streams are cached as whole answers.
    protected override Task<IReadOnlyList<ChatResponseUpdate>?> ReadCacheStreamingAsync(string key, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    protected override Task WriteCacheStreamingAsync(string key, IReadOnlyList<ChatResponseUpdate> value, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
