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
        await ExecuteAsync("DELETE FROM service_instances WHERE (job = @job AND url = @url AND id <> @id) OR seen_at < @oldest", id, job, url, cancellationToken);
        await ExecuteAsync(
            "INSERT INTO service_instances (id, job, url, seen_at) VALUES (@id, @job, @url, @now) ON CONFLICT (id) DO UPDATE SET url = excluded.url, seen_at = excluded.seen_at",
            id, job, url, cancellationToken);
    }

    public Task LeaveAsync(string id, CancellationToken cancellationToken) => ExecuteAsync("DELETE FROM service_instances WHERE id = @id", id, "", null, cancellationToken);

    /// <summary>Those heard of lately, by service and address.</summary>
    public async Task<IReadOnlyList<ServiceInstance>> ListAsync(CancellationToken cancellationToken)
    {
        await using var command = Command("SELECT id, job, url, seen_at FROM service_instances WHERE seen_at >= @oldest ORDER BY job, url", "", "", null);
        List<ServiceInstance> found = [];
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            found.Add(new(reader.GetString(0), reader.GetString(1), new Uri(reader.GetString(2)), DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(3))));
        return found;
    }

    private async Task ExecuteAsync(string sql, string id, string job, Uri? url, CancellationToken cancellationToken)
    {
        await using var command = Command(sql, id, job, url);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private DbCommand Command(string sql, string id, string job, Uri? url)
    {
        var now = time.GetUtcNow();
        return database.Command(sql, ("@id", id), ("@job", job), ("@url", url?.ToString() ?? ""), ("@now", now), ("@oldest", now - Remembered));
    }
}
