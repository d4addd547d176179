using System.Security.Cryptography;
using System.Text;
using OsMEN.Gateway.Alerts.State;

namespace OsMEN.Gateway.Alerts.Notices;

/// <summary>What is to be told now, and what is then known to have been told.</summary>
internal sealed record NoticePlan(IReadOnlyList<(string Channel, Notice Notice)> Notices, IReadOnlyList<NoticeGroup> Written, IReadOnlyList<string> Removed);

/// <summary>
/// Decides who is told what: alerts are grouped, waited for, told once, told again when the group has changed or nobody cares, and told to
/// be over.
/// </summary>
internal static class NoticePlanner
{
    /// <param name="firing">All that fire, also those of which nobody is told.</param>
    /// <param name="routes">Only with channels that are on.</param>
    /// <param name="whyOver">One of <see cref="AlertResolution"/> for the name of a rule whose alert is over; ended unless said.</param>
    public static NoticePlan Next(
        IReadOnlyList<NoticeGroup> groups, IReadOnlyList<Alert> firing, AlertMutes mutes, IReadOnlyList<NoticeRoute> routes, DateTimeOffset now, Func<string, string>? whyOver = null)
    {
        List<(string, Notice)> notices = [];
        List<NoticeGroup> written = [];
        List<string> removed = [];
        var all = firing.ToDictionary(a => a.Fingerprint, StringComparer.Ordinal);
        var known = groups.ToDictionary(g => g.Id, StringComparer.Ordinal);
        var members = Members(firing.Where(a => !mutes.Cover(a)), routes);
        foreach (var id in known.Keys.Union(members.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var (route, current) = members.TryGetValue(id, out var found) ? found : (routes.FirstOrDefault(r => r.Name == known[id].Route), []);
            var before = known.GetValueOrDefault(id);
            if (route is null)
            {
                removed.Add(id);
                continue;
            }
            var group = before ?? new NoticeGroup { Id = id, Route = route.Name, CreatedAt = now };
            var after = Tell(group, route, current, all, notices, now, whyOver);
            if (after is null && before is not null) removed.Add(id);
            else if (after is not null && after != before) written.Add(after);
        }
        return new(notices, written, removed);
    }

    // The group as it is then; null where nothing is left of it.
    private static NoticeGroup? Tell(
        NoticeGroup group, NoticeRoute route, List<Alert> current, Dictionary<string, Alert> firing, List<(string, Notice)> notices, DateTimeOffset now, Func<string, string>? whyOver)
    {
        var validFor = route.RepeatInterval + route.GroupInterval + TimeSpan.FromMinutes(5);
        NoticeAlert[] fires = [.. current.Select(NoticeAlert.Of)];
        if (group.NotifiedAt is not { } notifiedAt)
        {
            if (current.Count == 0) return null;
            if (now - group.CreatedAt < route.GroupWait) return group;
            return Send(NoticeReason.Changed, route.Channels, fires) with { NotifiedAt = now, Told = ByFingerprint(fires), Channels = route.Channels };
        }

        NoticeAlert[] ended = [.. group.Told.Values.Where(t => !firing.ContainsKey(t.Fingerprint)).Select(t => t with { ResolvedAt = now, Resolution = whyOver?.Invoke(t.Rule) ?? AlertResolution.Ended })];
        var isNew = current.Exists(a => !group.Told.ContainsKey(a.Fingerprint));
        if ((isNew || ended.Length > 0) && now - notifiedAt >= route.GroupInterval)
        {
            // Those of which nobody is told now stay told.
            var told = ByFingerprint([.. fires, .. group.Told.Values.Where(t => firing.ContainsKey(t.Fingerprint) && !current.Exists(a => a.Fingerprint == t.Fingerprint))]);
            NoticeAlert[] content = [.. fires, .. route.Resolved ? ended : []];
            if (content.Length > 0 && (isNew || route.Resolved)) Send(NoticeReason.Changed, group.Channels, content);
            return told.Count == 0 ? null : group with { NotifiedAt = now, Told = told };
        }

        var uncared = current.FindAll(a => a.AcknowledgedAt is null);
        if (group.Step < route.Escalation.Count && route.Escalation[group.Step] is var step && uncared.Exists(a => now - Later(a.FiredAt, group.CreatedAt) >= step.After))
            return Send(NoticeReason.Escalated, step.Channels, fires) with { Step = group.Step + 1, Channels = [.. group.Channels.Union(step.Channels, StringComparer.Ordinal)] };
        if (uncared.Count > 0 && now - notifiedAt >= route.RepeatInterval)
            return Send(NoticeReason.Repeated, group.Channels, fires) with { NotifiedAt = now };
        return group;

        // What was muted until the group came to be could be acknowledged only from then on by who was told.
        static DateTimeOffset Later(DateTimeOffset? fired, DateTimeOffset created) => fired > created ? fired.Value : created;

        NoticeGroup Send(NoticeReason reason, IReadOnlyList<string> channels, IReadOnlyList<NoticeAlert> alerts)
        {
            foreach (var channel in channels) notices.Add((channel, new(group.Id, reason, alerts, now, validFor)));
            return group;
        }
    }

    private static Dictionary<string, (NoticeRoute Route, List<Alert> Alerts)> Members(IEnumerable<Alert> alerts, IReadOnlyList<NoticeRoute> routes)
    {
        Dictionary<string, (NoticeRoute Route, List<Alert> Alerts)> members = new(StringComparer.Ordinal);
        foreach (var alert in alerts)
        {
            foreach (var route in routes.Where(r => r.Matches(alert.Labels)))
            {
                var id = IdOf(route, alert);
                if (!members.TryGetValue(id, out var group)) members[id] = group = (route, []);
                group.Alerts.Add(alert);
                if (!route.Continue) break;
            }
        }
        return members;
    }

    private static string IdOf(NoticeRoute route, Alert alert) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{route.Name}\0{alert.Labels.Keep(route.GroupBy).Key}")).AsSpan(0, 16));

    private static Dictionary<string, NoticeAlert> ByFingerprint(IEnumerable<NoticeAlert> alerts) => alerts.ToDictionary(a => a.Fingerprint, StringComparer.Ordinal);
}
