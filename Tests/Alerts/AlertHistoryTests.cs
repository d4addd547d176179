using OsMEN.Gateway.Alerts;
using OsMEN.Gateway.Alerts.Measuring;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Gateway.Alerts.State;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Alerts;

public sealed class PostgresAlertHistoryTests(PostgresServer server) : AlertHistoryTests
{
    internal override Task<TestStore> CreateAsync() => TestStore.PostgresAsync(server);
}

public sealed class SqliteAlertHistoryTests : AlertHistoryTests
{
    internal override Task<TestStore> CreateAsync() => TestStore.SqliteAsync();
}

/// <summary>What statistics say of a history that was worked out by hand.</summary>
public abstract class AlertHistoryTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    internal abstract Task<TestStore> CreateAsync();

    [Fact]
    public async Task Statistics_of_a_day_count_what_happened_in_it_and_of_what_began_before_only_the_part_within()
    {
        await using var test = await CreateAsync();
        await AddAsync(test, "A", AlertSeverity.Critical, fired: 30 * 60, resolved: 20 * 60, acknowledged: 29 * 60);
        await AddAsync(test, "A", AlertSeverity.Critical, fired: 10 * 60, resolved: 9 * 60, acknowledged: (10 * 60) - 6);
        await AddAsync(test, "A", AlertSeverity.Warning, fired: 120, resolved: 90);
        await AddAsync(test, "B", AlertSeverity.Warning, fired: 5 * 60, acknowledged: (5 * 60) - 2);
        await AddAsync(test, "B", AlertSeverity.Warning, fired: 26 * 60, resolved: 25 * 60);
        await AddAsync(test, "C", AlertSeverity.Info, fired: 26 * 60);
        await AddAsync(test, "D", AlertSeverity.Info);

        var statistics = StatisticsReader.Of(await new AlertTable(test.Database).ReadHistoryAsync(Now - TimeSpan.FromHours(24), 100, Token), 24, Now);
        Assert.Equal((24, 3, 2, 2, 3), (statistics.Hours, statistics.Fired, statistics.Firing, statistics.Acknowledged, statistics.Resolved));
        Assert.Equal([("critical", 1), ("info", 0), ("warning", 2)], statistics.BySeverity.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => (s.Key, s.Value)));

        // Acknowledged after 6 and 2 minutes; resolved after 10 hours, 1 hour and 30 minutes.
        Assert.Equal((240.0, 13_800.0), (statistics.MeanTimeToAcknowledgeSeconds, statistics.MeanTimeToResolveSeconds));

        // A fired within the day for 4 h, 1 h and 30 min; B for 5 h; C the whole day, though it began before.
        Assert.Equal([new("A", 2, 19_800, 13_800), new("B", 1, 18_000, null), new("C", 0, 86_400, null)], statistics.NoisiestRules);
    }

    [Fact]
    public async Task Statistics_of_nothing_have_no_means()
    {
        await using var test = await CreateAsync();
        var statistics = StatisticsReader.Of(await new AlertTable(test.Database).ReadHistoryAsync(Now - TimeSpan.FromHours(24), 100, Token), 24, Now);
        Assert.Equal((0, 0, 0, 0, null, null), (statistics.Fired, statistics.Firing, statistics.Acknowledged, statistics.Resolved, statistics.MeanTimeToAcknowledgeSeconds, statistics.MeanTimeToResolveSeconds));
        Assert.Empty(statistics.NoisiestRules);
    }

    // Times are minutes ago. As the engine and people do it: it fires, somebody knows, it ends.
    private static async Task AddAsync(TestStore test, string rule, AlertSeverity severity, int? fired = null, int? resolved = null, int? acknowledged = null)
    {
        var alert = new Alert
        {
            Id = Guid.CreateVersion7(Now).ToString(),
            Rule = rule,
            Fingerprint = $"{rule} {fired}",
            Labels = new LabelSet([new("alertname", rule)]),
            Severity = severity,
            State = fired is null ? AlertState.Pending : AlertState.Firing,
            Value = 1,
            Summary = "s",
            Description = "d",
            Runbook = "r",
            ActiveAt = Ago(fired ?? 1),
            FiredAt = fired is { } at ? Ago(at) : null,
        };
        await WriteAsync(alert);
        if (acknowledged is { } known) Assert.True(await new AlertTable(test.Database).AcknowledgeAsync(alert.Id, "me", null, Ago(known), Token));
        if (resolved is { } over) await WriteAsync(alert with { State = AlertState.Resolved, ResolvedAt = Ago(over) });

        async Task WriteAsync(Alert written)
        {
            await using var connection = await test.Database.OpenConnectionAsync(Token);
            await using var transaction = await connection.BeginTransactionAsync(Token);
            await AlertTable.WriteAsync(transaction, new([written], [], 0), Token);
            await transaction.CommitAsync(Token);
        }
    }

    private static DateTimeOffset Ago(int minutes) => Now - TimeSpan.FromMinutes(minutes);
}
