using OsMEN.Executions;
using OsMEN.Executions.Analytics;

namespace OsMEN.Gateway.Analytics;

/// <summary>Reads views two at a time: reports take long, and must not hold the connections that accepting needs.</summary>
internal sealed class AnalyticsReader(IExecutionStore store) : IDisposable
{
    private readonly SemaphoreSlim _places = new(2);

    public async Task<IReadOnlyList<object?[]>> ReadAsync(AnalyticsQuery query, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            return await store.ReadViewAsync(query, cancellationToken);
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();
}
