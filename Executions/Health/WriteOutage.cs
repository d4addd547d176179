using System.Data.Common;
using System.Security.Cryptography;

namespace OsMEN.Executions.Health;

/// <summary>
/// Remembers that the database refused a write because its disk is full or it is read-only, until a write succeeds. Reading works meanwhile, so
/// that nothing else would show it.
/// </summary>
public sealed class WriteOutage(DbDataSource database)
{
    // More than the free space that a full database still has in its own pages.
    private const int ProbeBytes = 64 * 1024;

    private volatile string? _reason;

    /// <summary>Takes note of a failure; others than those of <see cref="StoreFault.RefusesWrites"/> are ignored.</summary>
    public void Note(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        if (StoreFault.RefusesWrites(error))
            _reason = error.Message;
    }

    /// <summary>Why the database cannot write; null when it can. Tries to write while an outage is known.</summary>
    internal async Task<string?> CheckAsync(CancellationToken cancellationToken)
    {
        if (_reason is null)
            return null;
        try
        {
            // Dated 1970, so that no history shows it; retention removes it if the process ends in between.
            var probe = new { id = Guid.CreateVersion7(), details = RandomNumberGenerator.GetHexString(ProbeBytes) };
            await database.ExecuteAsync(
                """
                INSERT INTO health_changes (id, service, instance, component, to_status, changed_at, details)
                VALUES (@id, 'probe', 'probe', 'database', 'unhealthy', 0, @details)
                """,
                probe, cancellationToken);
            await database.ExecuteAsync("DELETE FROM health_changes WHERE id = @id", new { probe.id }, cancellationToken);
            _reason = null;
        }
        catch (Exception e) when (StoreFault.RefusesWrites(e))
        {
            _reason = e.Message;
        }

        return _reason;
    }
}
