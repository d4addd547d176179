using OsMEN.Executions;
using OsMEN.Gateway.Alerts.Measuring;
using OsMEN.Gateway.Alerts.Notices;
using OsMEN.Gateway.Alerts.State;

namespace OsMEN.Gateway.Alerts;

/// <summary>
/// Evaluates the rules every <see cref="AlertOptions.Interval"/> on the gateway that leads. The others collect alike, so that whichever
/// takes over knows the past; the alerts themselves are in the database.
/// </summary>
internal sealed partial class AlertEngine(
    ExecutionSchema schema, RuleBook rules, AlertFileSource source, IAlertMeasure measure, AlertTable alerts, MuteReader mutes, NoticeTable notices, LeaderLock leader, AlertMetrics metrics,
    AlertOptions options, TimeProvider time, ILogger<AlertEngine> logger)
    : BackgroundService
{
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await TryAsync("give up the lead", () => leader.ReleaseAsync(cancellationToken));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.Ready.WaitAsync(stoppingToken);
        foreach (var channel in source.Routing.Channels.Where(c => c.IsOn)) metrics.Expect(channel.Name);
        await await Task.WhenAny(
            EveryAsync(options.LeaderRenewal, options.Enabled ? "renew the lead" : null, LeadAsync, stoppingToken),
            EveryAsync(options.Interval, "evaluate alert rules", EvaluateAsync, stoppingToken));
    }

    private async Task LeadAsync(CancellationToken cancellationToken)
    {
        var led = leader.Fence;
        await leader.RenewAsync(cancellationToken);
        if (led is null && leader.Fence is { } fence) LogLeads(logger, fence);
        if (led is not null && leader.Fence is null) LogLeadsNoMore(logger);
    }

    /// <summary>One evaluation; does nothing but collect where another gateway leads.</summary>
    internal async Task EvaluateAsync(CancellationToken cancellationToken)
    {
        await rules.RefreshAsync(cancellationToken);
        if (options.Enabled)
        {
            await measure.CollectAsync(rules.Rules, cancellationToken);
            if (leader.Fence is not null) await WriteAsync(cancellationToken);
        }
        metrics.Firing = await alerts.CountFiringAsync(cancellationToken);
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        var findings = await measure.MeasureAsync([.. rules.Rules.SelectMany(AlertCase.Of)], cancellationToken);
        var now = time.GetUtcNow();
        var changes = AlertStates.Next(await alerts.ReadActiveAsync(cancellationToken), findings, now, rules.WhyOver);
        if (changes.LeftOut > 0) LogLeftOut(logger, changes.LeftOut);
        if (changes.Written.Count + changes.Removed.Count > 0)
            await leader.WriteAsync(transaction => AlertTable.WriteAsync(transaction, changes, cancellationToken), cancellationToken);
        await TellAsync(now, cancellationToken);
    }

    private async Task TellAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var routing = source.Routing;
        NoticeRoute[] routes = [.. routing.Routes.Select(r => r with { Channels = On(r.Channels), Escalation = [.. r.Escalation.Select(e => e with { Channels = On(e.Channels) })] })];
        var (active, muted) = await mutes.ReadActiveAsync(cancellationToken);
        var plan = NoticePlanner.Next(await notices.ReadGroupsAsync(cancellationToken), active.FindAll(a => a.State == AlertState.Firing), muted, routes, now, rules.WhyOver);
        if (plan.Notices.Count + plan.Written.Count + plan.Removed.Count > 0)
            await leader.WriteAsync(transaction => NoticeTable.WriteAsync(transaction, plan, now, cancellationToken), cancellationToken);

        string[] On(IReadOnlyList<string> channels) => [.. channels.Where(c => routing.Find(c) is not null)];
    }

    // A null name: there is nothing to do, for ever.
    private async Task EveryAsync(TimeSpan interval, string? what, Func<CancellationToken, Task> act, CancellationToken stoppingToken)
    {
        if (what is null) await Task.Delay(Timeout.Infinite, stoppingToken);
        using var timer = new PeriodicTimer(interval, time);
        do
            await TryAsync(what!, () => act(stoppingToken));
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task TryAsync(string what, Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFailed(logger, e, what);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "This gateway evaluates the alert rules (fence {Fence})")]
    private static partial void LogLeads(ILogger logger, long fence);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Another gateway evaluates the alert rules now")]
    private static partial void LogLeadsNoMore(ILogger logger);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} alerts are more than a rule may have, and are left out")]
    private static partial void LogLeftOut(ILogger logger, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Could not {What}; it is tried again")]
    private static partial void LogFailed(ILogger logger, Exception e, string what);
}
