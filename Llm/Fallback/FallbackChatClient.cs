using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Fallback;

/// <summary>An ordered list of models as one: each request goes to the first that answers. Nothing is taken over to another once a piece was handed on.</summary>
internal sealed class FallbackChatClient(IReadOnlyList<ModelName> models, Func<ModelName, IChatClient> client, ModelCalls calls) : IChatClient
{
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var list = messages as IList<ChatMessage> ?? [.. messages];
        using var answer = await calls.RunAsync(models, (model, token) => client(model).GetResponseAsync(list, options, token), cancellationToken);
        return answer.Value;
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var list = messages as IList<ChatMessage> ?? [.. messages];
        using var answer = await calls.RunAsync(models, (model, _) => BeginAsync(client(model).GetStreamingResponseAsync(list, options, cancellationToken), cancellationToken), cancellationToken);
        var (updates, any) = answer.Value;
        await using (updates)
        {
            if (!any)
                yield break;
            do
                yield return updates.Current;
            while (await updates.MoveNextAsync());
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : client(models[0]).GetService(serviceType, serviceKey);

    public void Dispose()
    {
        // The connections are shared.
    }

    // Its first piece shows that a model answers.
    private static async Task<(IAsyncEnumerator<ChatResponseUpdate> Updates, bool Any)> BeginAsync(IAsyncEnumerable<ChatResponseUpdate> stream, CancellationToken cancellationToken)
    {
        var updates = stream.GetAsyncEnumerator(cancellationToken);
        try
        {
            return (updates, await updates.MoveNextAsync());
        }
        catch
        {
            await updates.DisposeAsync();
            throw;
        }
    }
}
