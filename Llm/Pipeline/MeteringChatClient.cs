using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Pipeline;

/// <summary>
/// Counts the tokens of every call that reaches the provider and prices them. A stream that its reader leaves is read on in
/// the background to its usage, within <see cref="DrainLimit"/>, since the provider bills it to the end. Where no usage comes,
/// the tokens are estimated from the text and marked so.
/// </summary>
internal sealed class MeteringChatClient(IChatClient inner, ModelName model, PriceTable prices, Action<LlmCall> onCall, TimeProvider time)
    : DelegatingChatClient(inner)
{
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(30);

    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var list = messages as IList<ChatMessage> ?? [.. messages];
        var meter = new CallMeter(model, prices, time, list);
        try
        {
            var response = await base.GetResponseAsync(list, options, cancellationToken);
            meter.Add(response);
            onCall(meter.End(LlmCallStatus.Ok));
            return response;
        }
        catch (Exception e)
        {
            onCall(meter.End(e));
            throw;
        }
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var list = messages as IList<ChatMessage> ?? [.. messages];
        var meter = new CallMeter(model, prices, time, list);

        // Not the caller's token: when it is cancelled, the stream is left, not cut.
        var reading = new CancellationTokenSource();
        var updates = base.GetStreamingResponseAsync(list, options, reading.Token).GetAsyncEnumerator(reading.Token);
        Task<bool>? next = null;
        var ended = false;
        try
        {
            while (true)
            {
                try
                {
                    next = updates.MoveNextAsync().AsTask();
                    if (!await next.WaitAsync(cancellationToken))
                        break;
                }
                catch (Exception e) when (!cancellationToken.IsCancellationRequested)
                {
                    ended = true;
                    onCall(meter.End(e));
                    throw;
                }

                meter.Add(updates.Current);
                yield return updates.Current;
            }

            ended = true;
            onCall(meter.End(LlmCallStatus.Ok));
        }
        finally
        {
            if (ended)
            {
                await updates.DisposeAsync();
                reading.Dispose();
            }
            else
            {
                _ = DrainAsync(updates, next, meter, reading);
            }
        }
    }

    private async Task DrainAsync(IAsyncEnumerator<ChatResponseUpdate> updates, Task<bool>? next, CallMeter meter, CancellationTokenSource reading)
    {
        string? error = null;
        reading.CancelAfter(DrainLimit);
        try
        {
            // Before the first piece nothing says that the provider has begun: it is left at once.
            if (!meter.HasContent)
                await reading.CancelAsync();
            while (await (next ?? updates.MoveNextAsync().AsTask()))
            {
                if (next is not null && !ReferenceEquals(updates.Current, meter.Last))
                    meter.Add(updates.Current);
                next = updates.MoveNextAsync().AsTask();
            }
        }
        catch (Exception e)
        {
            // Whatever it was: the caller has left, and what is known by now is recorded.
            error = e is OperationCanceledException ? null : e.GetType().Name;
        }
        finally
        {
            onCall(meter.End(LlmCallStatus.Cancelled) with { Error = error });
            await updates.DisposeAsync();
            reading.Dispose();
        }
    }
}
