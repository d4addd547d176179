using OsMEN.Gateway.Alerts.Measuring;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Gateway.Alerts.State;

namespace OsMEN.Gateway.Alerts.Notices;

/// <summary>While an alert of the source fires, nobody is told of those of the target: they say the same, or follow from it.</summary>
/// <param name="Source">All must match; a value is exact, but <c>*</c> stands for any text.</param>
/// <param name="Target">As <paramref name="Source"/>.</param>
/// <param name="Equal">Labels that both must share; one that both lack is equal.</param>
internal sealed record Inhibition(IReadOnlyList<LabelFilter> Source, IReadOnlyList<LabelFilter> Target, IReadOnlyList<string> Equal)
{
    /// <summary>
    /// The id of an alert that inhibits it, by the fingerprint of each one that is inhibited. As in Alertmanager, a silenced or inhibited
    /// alert inhibits too, and one that matches both sides is not inhibited by another that does.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Find(IReadOnlyList<Inhibition> inhibitions, IReadOnlyList<Alert> firing)
    {
        Dictionary<string, string> found = new(StringComparer.Ordinal);
        foreach (var inhibition in inhibitions)
        {
            var sources = firing.Where(a => Matches(inhibition.Source, a.Labels)).ToLookup(inhibition.KeyOf, StringComparer.Ordinal);
            if (sources.Count == 0) continue;
            foreach (var target in firing.Where(a => !found.ContainsKey(a.Fingerprint) && Matches(inhibition.Target, a.Labels)))
            {
                var isSource = Matches(inhibition.Source, target.Labels);
                if (sources[inhibition.KeyOf(target)].FirstOrDefault(s => !isSource || !Matches(inhibition.Target, s.Labels)) is { } source) found[target.Fingerprint] = source.Id;
            }
        }
        return found;
    }

    private static bool Matches(IReadOnlyList<LabelFilter> filters, LabelSet labels) => filters.All(m => m.Matches(labels[m.Label]));

    private string KeyOf(Alert alert) => string.Concat(Equal.Select(e => $"{alert.Labels[e]}\u0001"));
}
