using System.Text.Json;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.State;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Alerts;

public sealed class PostgresRuleSwitchTests(PostgresServer server) : RuleSwitchTests
{
    internal override Task<TestStore> CreateAsync() => TestStore.PostgresAsync(server);
}

public sealed class SqliteRuleSwitchTests : RuleSwitchTests
{
    internal override Task<TestStore> CreateAsync() => TestStore.SqliteAsync();
}

/// <summary>Rules that are switched off and on again.</summary>
public abstract class RuleSwitchTests : AlertScene
{
    [Fact]
    public async Task A_rule_that_is_switched_off_is_not_evaluated_and_its_alert_is_told_to_be_over_for_that_reason()
    {
        Queue(25);
        await RunAsync(First, TimeSpan.FromMinutes(3));
        Assert.Equal(AlertState.Firing, Assert.Single(await First.Alerts.ReadActiveAsync(Token)).State);

        Assert.Empty(await PutAsync(First, "Backlog", """{"enabled":false}"""));
        await RunAsync(First, TimeSpan.FromMinutes(5));
        Assert.Empty(await First.Alerts.ReadActiveAsync(Token));
        var over = Assert.Single(await First.Alerts.ReadHistoryAsync(DateTimeOffset.UnixEpoch, 10, Token));
        Assert.Equal((AlertState.Resolved, AlertResolution.RuleOff), (over.State, over.Resolution));
        Assert.Equal(["[FIRING] Backlog (critical)", "[RESOLVED] Backlog (critical)"], Titles());
        var told = JsonDocument.Parse(Hook.Requests.Last().Body).RootElement;
        Assert.Equal(AlertResolution.RuleOff, told.GetProperty("alerts")[0].GetProperty("resolution").GetString());
        Assert.StartsWith("Resolved, as its rule was switched off: 25 wait", told.GetProperty("text").GetString(), StringComparison.Ordinal);

        // The whole still holds: a rule that is on fires and ends as before.
        Assert.Empty(await PutAsync(First, "Backlog", """{"enabled":true}"""));
        await RunAsync(First, TimeSpan.FromMinutes(3));
        Queue(0);
        await RunAsync(First, TimeSpan.FromMinutes(3));
        Assert.Equal(["[FIRING] Backlog (critical)", "[RESOLVED] Backlog (critical)"], Titles().Skip(2));
        Assert.Equal(AlertResolution.Ended, (await First.Alerts.ReadHistoryAsync(DateTimeOffset.UnixEpoch, 10, Token))[0].Resolution);
    }

    [Fact]
    public async Task What_is_off_stays_off_over_a_restart_and_a_newer_file_and_changes_with_that()
    {
        await First.Rules.RefreshAsync(Token);
        await PutAsync(First, "Backlog", """{"enabled":false}""");
        await RewriteAsync(yaml => yaml.Replace("threshold: 10", "threshold: 77", StringComparison.Ordinal));
        var restarted = Gateway();
        await restarted.Rules.RefreshAsync(Token);
        var entry = restarted.Rules.Find("Backlog")!;
        Assert.Equal((false, true, "me", 77.0), (entry.Rule.Enabled, entry.IsOfFile, entry.ChangedBy, entry.Rule.Levels[0].Threshold));
        Assert.Equal(["Down"], restarted.Rules.Rules.Select(r => r.Name));
        Assert.Contains("\"enabled\":false", entry.Definition, StringComparison.Ordinal);

        // One that is gone from the file is gone, however it was switched.
        await RewriteAsync(yaml => yaml.Replace("name: Backlog", "name: LongBacklog", StringComparison.Ordinal));
        await restarted.Rules.RefreshAsync(Token);
        Assert.Equal(["Down", "LongBacklog"], restarted.Rules.Entries.Select(e => e.Rule.Name));
    }

    [Fact]
    public async Task A_rule_of_the_API_keeps_its_definition_while_it_is_off_and_one_that_is_not_there_is_not_switched()
    {
        const string rule = """{"summary":"s","description":"d","metric":"task_queue_size","shared":true,"threshold":5,"severity":"info","enabled":false}""";
        await First.Rules.RefreshAsync(Token);
        Assert.Empty(await PutAsync(First, "Own", rule));
        Assert.False(First.Rules.Find("Own")!.Rule.Enabled);
        Assert.Empty(await PutAsync(First, "Own", """{"enabled":true}"""));
        var own = First.Rules.Find("Own")!;
        Assert.Equal((true, false, 5.0), (own.Rule.Enabled, own.IsOfFile, own.Rule.Levels[0].Threshold));

        // A whole definition that does not say is on.
        await PutAsync(First, "Own", """{"enabled":false}""");
        await PutAsync(First, "Own", rule.Replace(",\"enabled\":false", "", StringComparison.Ordinal));
        Assert.True(First.Rules.Find("Own")!.Rule.Enabled);
        Assert.NotEmpty(await PutAsync(First, "None", """{"enabled":false}"""));
        Assert.Contains(new FieldError("enabled", "must be true or false"), await PutAsync(First, "Own", """{"enabled":"no"}"""));
        Assert.Null(First.Rules.Find("None"));
        Assert.Equal((AlertResolution.RuleRemoved, AlertResolution.Ended), (First.Rules.WhyOver("None"), First.Rules.WhyOver("Own")));
    }

    private static async Task<IReadOnlyList<FieldError>> PutAsync(AlertGateway gateway, string name, string definition)
    {
        using var json = JsonDocument.Parse(definition);
        return await gateway.Rules.PutAsync(name, json.RootElement, "me", Token);
    }
}
