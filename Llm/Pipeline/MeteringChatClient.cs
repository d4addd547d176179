using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Microsoft.ML.Tokenizers;

namespace OsMEN.Llm.Pipeline;

/// <summary>
/// Counts the tokens of every call that reaches the provider and prices them. An answer that its reader leaves is read on in
/// the background to its usage, within <see cref="DrainLimit"/>, since the provider bills it to the end. Where no usage comes,
/// the tokens are estimated from the text and marked so.
/// </summary>
/// <param name="hosted">The same model under the name of whoever runs the server, where that is known and another.</param>
internal sealed class MeteringChatClient(IChatClient inner, ModelName model, ModelName? hosted, PriceTable prices, Tokenizer? tokenizer, Action<LlmCall> onCall, TimeProvider time)
    : DelegatingChatClient(inner)
{
    internal static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(30);

    // Callers that come and go must not pile up connections: beyond this an answer is left where it is, and estimated.
    private const int MaxDrains = 256;

    private static int _drains;

    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var list = messages as IList<ChatMessage> ?? [.. messages];
        var meter = Begin(list, options, cancellationToken);

        // Not the caller's token: when it is cancelled, the answer is left, not cut.
        var reading = new CancellationTokenSource();
        Task<ChatResponse>? answer = null;
        try
        {
            answer = base.GetResponseAsync(list, options, reading.Token);
            var response = await answer.WaitAsync(cancellationToken);
            meter.Add(response);
            onCall(meter.End(LlmCallStatus.Ok));
            reading.Dispose();
            return response;
        }
        catch (OperationCanceledException) when (answer is { IsCompleted: false } && cancellationToken.IsCancellationRequested)
        {
            _ = DrainAsync(answer, meter, reading);
            throw;
        }
        catch (Exception e)
        {
            onCall(meter.End(e));
            reading.Dispose();
            throw;
        }
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var list = messages as IList<ChatMessage> ?? [.. messages];
        var meter = Begin(list, options, cancellationToken);

        // Not the caller's token here either.
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

    private CallMeter Begin(IList<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken)
    {
        var meter = new CallMeter(model, hosted, prices, tokenizer, time, messages, options, ProviderCall.Begin());
        if (cancellationToken.IsCancellationRequested)
        {
            // The caller left while its budget was checked. Nothing is sent, and the report releases the reservation.
            onCall(meter.End(LlmCallStatus.Cancelled));
            cancellationToken.ThrowIfCancellationRequested();
        }

        return meter;
    }

    private async Task DrainAsync(Task<ChatResponse> answer, CallMeter meter, CancellationTokenSource reading)
    {
        var error = await DrainAsync(reading, async () => meter.Add(await answer));
        onCall(meter.End(LlmCallStatus.Cancelled) with { Error = error });
        reading.Dispose();
    }

    private async Task DrainAsync(IAsyncEnumerator<ChatResponseUpdate> updates, Task<bool>? next, CallMeter meter, CancellationTokenSource reading)
    {
        var error = await DrainAsync(reading, async () =>
        {
            while (await (next ?? updates.MoveNextAsync().AsTask()))
            {
                if (next is not null && !ReferenceEquals(updates.Current, meter.Last))
                    meter.Add(updates.Current);
                next = updates.MoveNextAsync().AsTask();
            }
        });
        onCall(meter.End(LlmCallStatus.Cancelled) with { Error = error });
        await updates.DisposeAsync();
        reading.Dispose();
    }

    private async Task<string?> DrainAsync(CancellationTokenSource reading, Func<Task> read)
    {
        using var limit = new CancellationTokenSource(DrainLimit, time);
        await using var stop = limit.Token.Register(reading.Cancel);
        try
        {
            if (Interlocked.Increment(ref _drains) > MaxDrains)
                await reading.CancelAsync();
            await read();
            return null;
        }
        catch (Exception e)
        {
            // Whatever it was: the caller has left, and what is known by now is recorded.
            return e is OperationCanceledException ? null : e is LlmException llm ? llm.Kind.ToString() : e.GetType().Name;
        }
        finally
        {
            Interlocked.Decrement(ref _drains);
        }
    }
}
