using System.Data.Common;

namespace OsMEN.Executions;

/// <summary>A process of ours, and where it serves its metrics.</summary>
/// <param name="Id">Unique to one life of one process.</param>
/// <param name="Job">The service: <c>gateway</c>, <c>agentworker</c>.</param>
/// <param name="Url">Its root, such as <c>http://10.0.0.7:8080</c>.</param>
public sealed record ServiceInstance(string Id, string Job, Uri Url, DateTimeOffset SeenAt);

/// <summary>Every process on this database, in the table <c>service_instances</c>: it is known who is missing also where Redis is away.</summary>
public sealed class InstanceTable(DbDataSource database, TimeProvider time)
{
    /// <summary>A process that died without a word is remembered for so long.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromMinutes(15);

    public async Task AnnounceAsync(string id, string job, Uri url, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(url);

        // Who is at this address now is who answers there: a process that died here left no other trace.
        var now = time.GetUtcNow();
        var parameters = new { id, job, url = url.ToString(), now, oldest = now - Remembered };
        await database.ExecuteAsync("DELETE FROM service_instances WHERE (job = @job AND url = @url AND id <> @id) OR seen_at < @oldest", parameters, cancellationToken);
        await database.ExecuteAsync(
            "INSERT INTO service_instances (id, job, url, seen_at) VALUES (@id, @job, @url, @now) ON CONFLICT (id) DO UPDATE SET url = excluded.url, seen_at = excluded.seen_at",
            parameters, cancellationToken);
    }

    public Task LeaveAsync(string id, CancellationToken cancellationToken) => database.ExecuteAsync("DELETE FROM service_instances WHERE id = @id", new { id }, cancellationToken);

    /// <summary>Those heard of lately, by service and address.</summary>
    public async Task<IReadOnlyList<ServiceInstance>> ListAsync(CancellationToken cancellationToken)
    {
        var rows = await database.QueryAsync<(string Id, string Job, string Url, DateTimeOffset SeenAt)>(
            "SELECT id, job, url, seen_at FROM service_instances WHERE seen_at >= @oldest ORDER BY job, url", new { oldest = time.GetUtcNow() - Remembered }, cancellationToken);
        return rows.ConvertAll(r => new ServiceInstance(r.Id, r.Job, new Uri(r.Url), r.SeenAt));
    }
}
