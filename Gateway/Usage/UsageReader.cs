using OsMEN.Executions;
using OsMEN.Executions.Usage;

namespace OsMEN.Gateway.Usage;

/// <summary>Reads usage two at a time: reports take long, and must not hold the connections that accepting needs.</summary>
internal sealed class UsageReader(IExecutionStore store) : IDisposable
{
    private readonly SemaphoreSlim _places = new(2);

    public async Task<IReadOnlyList<UsageRow>> ReadAsync(UsageQuery query, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            return await store.ReadUsageAsync(query, cancellationToken);
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();
}
