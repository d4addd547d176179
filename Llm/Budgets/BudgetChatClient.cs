using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using OsMEN.ServiceDefaults;

namespace OsMEN.Llm.Budgets;

/// <summary>
/// Has money held back for each call, or refuses it. It stands around metering, and meters each call with a meter of its own: so the call
/// that is recorded carries its hold's id, however it ends and however late (a stream that is drained), and a refusal is no call.
/// </summary>
/// <param name="metered">Makes the metering client for one call, around <paramref name="inner"/>.</param>
internal sealed class BudgetChatClient(
    IChatClient inner,
    Func<IChatClient, Action<LlmCall>, IChatClient> metered,
    ModelName model,
    ModelName? hosted,
    PriceTable prices,
    IBudgetGate gate,
    BudgetSubject subject,
    Action<LlmCall> onCall,
    TimeProvider time)
    : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var list = messages as IList<ChatMessage> ?? [.. messages];
        var (client, limited) = await AdmitAsync(list, options, cancellationToken);
        return await client.GetResponseAsync(list, limited, cancellationToken);
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var list = messages as IList<ChatMessage> ?? [.. messages];
        var (client, limited) = await AdmitAsync(list, options, cancellationToken);
        await foreach (var update in client.GetStreamingResponseAsync(list, limited, cancellationToken))
            yield return update;
    }

    private async ValueTask<(IChatClient Client, ChatOptions? Options)> AdmitAsync(IList<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken)
    {
        var most = CallEstimate.Tokens(messages, options, gate.MaxOutputTokens);
        var now = time.GetUtcNow();
        var call = new BudgetedCall(OrderedIds.New(now), model, most, CallEstimate.Dollars(prices, model, hosted, most, now, CallEstimate.Tier(options)));
        if (await gate.ReserveAsync(subject, call, cancellationToken) is not { } held)
        {
            // An own limit may come to count what needed no hold.
            return (metered(InnerClient, made =>
            {
                subject.Settle(0, made.CostUsd ?? 0);
                onCall(made);
            }), options);
        }

        if (options?.MaxOutputTokens is null)
        {
            options = options?.Clone() ?? new ChatOptions();
            options.MaxOutputTokens = (int)most.Output;
        }

        return (metered(InnerClient, made =>
        {
            subject.Settle(held, made.CostUsd ?? held);
            onCall(made with { Id = call.Id, HeldUsd = held });
        }), options);
    }
}
