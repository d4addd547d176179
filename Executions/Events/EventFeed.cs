using System.Runtime.CompilerServices;

namespace OsMEN.Executions;

/// <summary>Follows the events of an execution: what is recorded first, then what comes, in order, none twice, none missing.</summary>
public sealed class EventFeed(IExecutionStore store, ExecutionSignals signals)
{
    private const int PageSize = 500;

    /// <summary>
    /// Pages of frames after number <paramref name="after"/>. A page that starts later than the one before ended (plus one)
    /// means that retention has trimmed what lay between. Ends when the execution has ended and all was read; an unknown id
    /// gives nothing.
    /// </summary>
    public async IAsyncEnumerable<EventPage> ReadAsync(Guid id, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Listening before reading: nothing can be recorded unseen in between.
        using var live = await signals.FollowAsync(id);
        var next = Math.Max(after, 0) + 1;
        while (await store.ReadEventsAsync(id, next - 1, PageSize, cancellationToken) is { } page)
        {
            if (page.Frames.Count > 0)
            {
                next = page.LastSeq + 1;
                yield return page;
                continue;
            }

            if (page.Status.IsFinal())
                yield break;

            // Live messages serve as long as they follow on without a hole; else, and at the end, the store is asked.
            while (await live.NextAsync(cancellationToken) is { Chunk: { } chunk, Ended: var ended } && chunk.FirstSeq <= next)
            {
                if (chunk.LastSeq >= next)
                {
                    var fresh = new EventPage(next, [.. chunk.Frames.Skip((int)(next - chunk.FirstSeq))], page.Status);
                    next = fresh.LastSeq + 1;
                    yield return fresh;
                }

                if (ended)
                    break;
            }
        }
    }
}
