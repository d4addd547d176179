using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace OsMEN.AppHost.Running;

/// <summary>Keeps <c>run.json</c> current and writes the few lines that the console has: where the dashboards are, what to do first, what failed.</summary>
internal sealed class RunReport(
    RunOptions options,
    RunFile file,
    IConfiguration configuration,
    IHostApplicationLifetime lifetime,
    DistributedApplicationModel model,
    ResourceNotificationService notifications,
    ResourceLoggerService loggers) : BackgroundService
{
    private readonly ResourceBoard _board = new();
    private readonly HashSet<string> _failed = new(StringComparer.Ordinal);
    private bool _ready;
    private bool _cannotWrite;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        file.Remove();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var key = await AdminKey.ReadAsync(model.Resources.OfType<ParameterResource>().Single(p => p.Name == AdminKey.ParameterName), stoppingToken);
        Say($"Starting OsMEN with the {DataFolder.NameOf(options.Backing)} backing. Its data is in {options.Folder}.");
        if (options.OtherData is { } other)
            Say($"This backing starts empty. Data of the {other} backing exists: --backing {other} brings it back.");
        if (DashboardUrl is { } dashboard)
            Say($"Login to the dashboard at {dashboard}");
        try
        {
            await foreach (var change in notifications.WatchAsync(stoppingToken))
            {
                if (!_board.Observe(change))
                    continue;
                var resources = _board.Read();
                WriteFile(new(Environment.ProcessId, DataFolder.NameOf(options.Backing), key, DashboardUrl, resources));
                await ReportFailureAsync(change, stoppingToken);
                if (!_ready && resources.TryGetValue("gateway", out var gateway) && gateway is { Health: nameof(HealthStatus.Healthy), Urls: [var url, ..] })
                    ReportReady(url, key);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The application stops.
        }
    }

    private string? DashboardUrl =>
        configuration["ASPNETCORE_URLS"]?.Split(';')[0] is { Length: > 0 } url && !options.IsTest
            ? configuration["AppHost:BrowserToken"] is { Length: > 0 } token ? $"{url}/login?t={token}" : url
            : null;

    // The system runs on without the file, for instance on a full disk.
    private void WriteFile(RunState state)
    {
        try
        {
            file.Write(state);
            _cannotWrite = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!_cannotWrite)
                Say($"run.json cannot be written: {e.Message} Scripts that read it see an old state or none.");
            _cannotWrite = true;
        }
    }

    private void ReportReady(string url, string key)
    {
        _ready = true;
        Say($"Gateway dashboard: {url}/dashboard/login?t={options.LoginToken} (signs you in once)");
        Say($"\nOsMEN is ready. Paste this into another terminal:\n\n{FirstRequest.Curl(url, key)}\n");
        Say("Press Ctrl+C to stop.");
    }

    // Each instance's exit once; that it runs again shows in the dashboard.
    private async Task ReportFailureAsync(ResourceEvent change, CancellationToken cancellationToken)
    {
        var (snapshot, state) = (change.Snapshot, change.Snapshot.State?.Text);
        if (state == KnownResourceStates.Running)
        {
            _failed.Remove(change.ResourceId);
            return;
        }

        if (lifetime.ApplicationStopping.IsCancellationRequested)
            return;
        var failed = state == KnownResourceStates.FailedToStart || (KnownResourceStates.TerminalStates.Contains(state) && snapshot.ExitCode is not (null or 0));
        if (!failed || !_failed.Add(change.ResourceId))
            return;
        var what = state == KnownResourceStates.FailedToStart
            ? "could not be started"
            : string.Create(CultureInfo.InvariantCulture, $"exited with code {snapshot.ExitCode}");
        Say(snapshot.ExitCode == RestartSubscriber.ConfigurationExitCode
            ? $"{change.Resource.Name} refuses its configuration: {await LastLineAsync(change.ResourceId, cancellationToken)}"
            : $"{change.Resource.Name} {what}. Its console log in the dashboard has the reason.");
    }

    private async Task<string> LastLineAsync(string resourceId, CancellationToken cancellationToken)
    {
        var last = "see its console log in the dashboard.";
        await foreach (var lines in loggers.GetAllAsync(resourceId).WithCancellation(cancellationToken))
        {
            if (lines.LastOrDefault(l => l.IsErrorMessage && l.Content.Length > 0) is { Content: not null } line)
                last = WithoutTimestamp(line.Content);
        }

        return last;
    }

    // Aspire puts an RFC 3339 timestamp before each line.
    private static string WithoutTimestamp(string line) =>
        line.Split(' ', 2) is [var first, var rest] && DateTimeOffset.TryParse(first, CultureInfo.InvariantCulture, out _) ? rest : line;

    // A test's output is not for a person who wants to start, and would contain a key.
    private void Say(string line)
    {
        if (!options.IsTest)
            Console.WriteLine(line);
    }
}
