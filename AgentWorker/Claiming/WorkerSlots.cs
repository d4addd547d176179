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
    private const int LentPerSlot = 16;

    private readonly SemaphoreSlim _free = new(options.Value.Slots);
    private int _lent;

    public int Total => options.Value.Slots;

    public int Used => Math.Max(0, Total - _free.CurrentCount);

    public Task TakeAsync(CancellationToken cancellationToken) => _free.WaitAsync(cancellationToken);

    public bool TryTake() => _free.Wait(0, CancellationToken.None);

    public void Release(int count = 1) => _free.Release(count);

    /// <summary>False when so many wait for children that no more should begin to.</summary>
    public bool CanLend => Volatile.Read(ref _lent) < Total * LentPerSlot;

    /// <summary>
    /// Waits without a slot, and has one again when it returns or throws. It always lends: a parent that waited with its slot could be
    /// what its child waits for.
    /// </summary>
    public async Task<T> LendAsync<T>(Func<Task<T>> wait)
    {
        Interlocked.Increment(ref _lent);
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
