using Microsoft.Extensions.Options;
using OsMEN.Llm.Cache;

namespace OsMEN.Executions.Retention;

/// <summary>Reads <see cref="RetentionFigures"/>.</summary>
public sealed class RetentionReader
{
    private readonly RetentionTurn _turn;
    private readonly RetentionNotes _notes;
    private readonly IExecutionStore _store;
    private readonly RetentionPass _pass;
    private readonly RetentionOptions _options;

    internal RetentionReader(RetentionTurn turn, RetentionNotes notes, IExecutionStore store, RetentionPass pass, IOptions<RetentionOptions> options) =>
        (_turn, _notes, _store, _pass, _options) = (turn, notes, store, pass, options.Value);

    public async Task<RetentionFigures> ReadAsync(CancellationToken cancellationToken)
    {
        var due = await _turn.ReadDueAsync(cancellationToken);
        RetentionNote? last = null;
        try
        {
            last = await _notes.ReadAsync();
        }
        catch (Exception e) when (RedisCall.Failed(e))
        {
            // Not known, then.
        }

        var stored = (await _store.MeasureStorageAsync(_pass.EventsFrom, cancellationToken)).ToDictionary(s => s.What, StringComparer.Ordinal);
        return new RetentionFigures(
            _options.Enabled, due == DateTimeOffset.UnixEpoch ? null : due, last?.At, last?.Took.TotalSeconds,
            [
                .. RetentionLimit.All(_options).Select(l => new RetainedKind(
                    l.What, l.Age.TotalSeconds, l.Bytes, l.Rows, stored.GetValueOrDefault(l.What)?.Bytes, stored.GetValueOrDefault(l.What)?.Oldest, last is null ? null : last.Removed.GetValueOrDefault(l.What))),
            ]);
    }
}
