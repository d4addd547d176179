using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace OsMEN.AppHost.Running;

/// <summary>Starts a resource again when its process exits without having been stopped. Each replica counts by itself.</summary>
internal sealed class RestartAnnotation : IResourceAnnotation;

internal static class RestartExtensions
{
    /// <summary>
    /// Keeps the resource running: a process that exits, whatever its exit code, is started again after 1 s, and after up to 30 s where it
    /// keeps exiting. Not restarted are a resource that was stopped by its command, and a process that refuses its configuration
    /// (<see cref="RestartSubscriber.ConfigurationExitCode"/>).
    /// </summary>
    public static IResourceBuilder<T> WithRestart<T>(this IResourceBuilder<T> resource) where T : IResource => resource.WithAnnotation(new RestartAnnotation());
}

/// <summary>Carries out <see cref="RestartAnnotation"/> through Aspire's notifications and its start command.</summary>
internal sealed partial class RestartSubscriber(
    ResourceNotificationService notifications,
    ResourceCommandService commands,
    ResourceLoggerService loggers,
    IHostApplicationLifetime lifetime,
    TimeProvider time) : BackgroundService
{
    /// <summary>sysexits.h's EX_CONFIG, with which a service exits that refuses its configuration.</summary>
    public const int ConfigurationExitCode = 78;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    // A process that ran for this long was well: the delay starts over.
    private static readonly TimeSpan Stable = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Instance> _instances = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        try
        {
            await foreach (var change in notifications.WatchAsync(stopping.Token))
            {
                if (change.Resource.HasAnnotationOfType<RestartAnnotation>())
                    Observe(change, stopping.Token);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The application stops.
        }
    }

    private void Observe(ResourceEvent change, CancellationToken cancellationToken)
    {
        var instance = _instances.GetOrAdd(change.ResourceId, _ => new Instance());
        var state = change.Snapshot.State?.Text;
        if (state == KnownResourceStates.Stopping)
        {
            instance.StopRequested = true;
        }
        else if (state == KnownResourceStates.Running)
        {
            instance.StopRequested = false;
            instance.RunningSince ??= time.GetTimestamp();
        }
        else if (state == KnownResourceStates.Finished || state == KnownResourceStates.Exited || state == KnownResourceStates.FailedToStart)
        {
            // The last snapshot of a process comes more than once.
            if (instance.RunningSince is not { } since)
                return;
            instance.RunningSince = null;
            if (!instance.StopRequested)
                _ = RestartAsync(change, instance, time.GetElapsedTime(since), cancellationToken);
        }
    }

    private async Task RestartAsync(ResourceEvent change, Instance instance, TimeSpan ran, CancellationToken cancellationToken)
    {
        var logger = loggers.GetLogger(change.ResourceId);
        if (change.Snapshot.ExitCode == ConfigurationExitCode)
        {
            LogConfiguration(logger);
            return;
        }

        var delay = instance.Delay = ran >= Stable || instance.Delay == TimeSpan.Zero
            ? FirstDelay
            : TimeSpan.FromTicks(Math.Min(instance.Delay.Ticks * 2, LongestDelay.Ticks));
        try
        {
            LogRestart(logger, change.Snapshot.ExitCode, delay.TotalSeconds);
            await notifications.PublishUpdateAsync(
                change.Resource,
                change.ResourceId,
                snapshot => snapshot with { State = new($"Restarting in {delay.TotalSeconds:0} s", KnownResourceStateStyles.Warn) });
            await Task.Delay(delay, time, cancellationToken);
            var result = await commands.ExecuteCommandAsync(change.ResourceId, KnownResourceCommands.StartCommand, cancellationToken);
            if (!result.Success)
                LogFailure(logger, result.Message);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The application stops.
        }
    }

    [LoggerMessage(LogLevel.Warning, "The process exited with code {ExitCode}. It is started again in {Delay} s.")]
    private static partial void LogRestart(ILogger logger, int? exitCode, double delay);

    [LoggerMessage(LogLevel.Error, "The process refuses its configuration and is not started again. Correct the setting and start the resource.")]
    private static partial void LogConfiguration(ILogger logger);

    [LoggerMessage(LogLevel.Error, "The process could not be started again: {Reason}")]
    private static partial void LogFailure(ILogger logger, string? reason);

    private sealed class Instance
    {
        public bool StopRequested { get; set; }

        public long? RunningSince { get; set; }

        public TimeSpan Delay { get; set; }
    }
}
