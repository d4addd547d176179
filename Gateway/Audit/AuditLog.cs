using OsMEN.Executions;
using OsMEN.Executions.Audit;
using OsMEN.Gateway.Security;
using OsMEN.ServiceDefaults;

namespace OsMEN.Gateway.Audit;

/// <summary>
/// Who changed what. Endpoints that change something are marked with <see cref="AuditExtensions.Audited"/>; their handler either puts an
/// <see cref="Entry"/> into the transaction of its change, or says after it what it did (<c>HttpContext.Audit</c>), which is then written
/// before the answer goes out.
/// </summary>
internal sealed partial class AuditLog(AuditTable table, TimeProvider time, ILogger<AuditLog> logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // Others' guesses must not fill the log: beyond that many a minute they are only counted.
    private const int MostRefusals = 30;

    private readonly Lock _lock = new();
    private long _minute;
    private int _refusals;
    private int _uncounted;

    /// <summary>The entry of a change that this request makes.</summary>
    /// <param name="action">One of those that the endpoint is marked with.</param>
    /// <param name="key">Whose; the request's own unless said.</param>
    public AuditEntry Entry(HttpContext context, string action, string target, string? changes = null, ApiKey? key = null)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<AuditMetadata>()?.Actions.Contains(action, StringComparer.Ordinal) != true)
            throw new InvalidOperationException($"The endpoint is not marked as audited with {action}.");
        key ??= context.Features.Get<ApiKey>();
        return new AuditEntry
        {
            Id = OrderedIds.New(time.GetUtcNow()),
            Actor = key?.User ?? "",
            KeyId = key?.Id,
            Role = key?.Role.ToWire(),
            Action = action,
            Target = target,
            RequestId = context.TraceIdentifier,
            Address = AddressOf(context),
            Changes = changes,
        };
    }

    /// <summary>Writes an entry after its change. Never throws: the change stands; a failure is logged with all that the entry says.</summary>
    public async Task WriteAsync(AuditEntry entry)
    {
        try
        {
            // Not the request's token: who hangs up has made the change all the same.
            using var limit = new CancellationTokenSource(Patience, time);
            await table.AddAsync(entry, limit.Token);
        }
        catch (Exception e)
        {
            LogLost(logger, e, entry.Actor, entry.KeyId, entry.Action, entry.Target, entry.Changes);
        }
    }

    /// <summary>Notes a sign-in with a key that is none; at most 30 a minute, the next says how many were left out.</summary>
    public Task WriteRefusalAsync(HttpContext context)
    {
        int leftOut;
        lock (_lock)
        {
            var minute = time.GetUtcNow().ToUnixTimeSeconds() / 60;
            if (minute != _minute)
                (_minute, _refusals) = (minute, 0);
            if (_refusals == MostRefusals)
            {
                _uncounted++;
                return Task.CompletedTask;
            }

            _refusals++;
            (leftOut, _uncounted) = (_uncounted, 0);
        }

        return WriteAsync(Entry(
            context, "session.refused", "dashboard", leftOut == 0 ? null : AuditChanges.Between(null, new() { ["left_out"] = leftOut })));
    }

    private static string? AddressOf(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString() : null;

    [LoggerMessage(Level = LogLevel.Error, Message = "The audit log misses an entry: {Actor} (key {KeyId}) {Action} {Target} {Changes}")]
    private static partial void LogLost(ILogger logger, Exception e, string actor, string? keyId, string action, string target, string? changes);
}
