using Microsoft.Extensions.Options;

namespace OsMEN.AgentWorker.Claiming;

/// <summary>
/// The executions that a worker may run at once. One that only waits for its child lends its slot to others meanwhile: if all slots
/// were held by such parents, no child could ever run.
/// </summary>
internal sealed class WorkerSlots(IOptions<WorkerOptions> options) : IDisposable
{
    // A parent waits for one child at a time and children are claimed before new parents, so lent slots are about as many as running
    // children; the bound is against a queue that orders otherwise.
    private const int LentPerSlot = 4;

    private readonly SemaphoreSlim _free = new(options.Value.Slots);
    private int _lent;

    public int Total => options.Value.Slots;

    public int Used => Math.Max(0, Total - _free.CurrentCount);

    public Task TakeAsync(CancellationToken cancellationToken) => _free.WaitAsync(cancellationToken);

    public bool TryTake() => _free.Wait(0, CancellationToken.None);

    public void Release(int count = 1) => _free.Release(count);

    /// <summary>Waits without a slot, and has one again when it returns or throws.</summary>
    public async Task<T> LendAsync<T>(Func<Task<T>> wait)
    {
        if (Interlocked.Increment(ref _lent) > Total * LentPerSlot)
        {
            Interlocked.Decrement(ref _lent);
            return await wait();
        }

        _free.Release();
        try
        {
            return await wait();
        }
        finally
        {
            // Not cancelled: the slot is given back at the end of the execution, so it has to be taken first. Some execution always ends.
            await _free.WaitAsync(CancellationToken.None);
            Interlocked.Decrement(ref _lent);
        }
    }

    public void Dispose() => _free.Dispose();
}
