namespace OsMEN.ServiceDefaults.Health;

/// <summary>
/// Where changes of health are kept. By default that is the process's own memory; a service that registers another one has what it
/// keeps, of every process, in <c>/health/history</c>.
/// </summary>
public interface IHealthHistoryStore
{
    /// <summary>Keeps all of them, or throws. What is there already is left as it is, so a retry after a lost answer is safe.</summary>
    Task AppendAsync(IReadOnlyList<HealthChange> changes, CancellationToken cancellationToken);

    /// <summary>The latest <paramref name="limit"/> changes at or after <paramref name="since"/>, oldest first.</summary>
    Task<IReadOnlyList<HealthChange>> ReadAsync(DateTimeOffset since, int limit, CancellationToken cancellationToken);
}
