using Microsoft.Extensions.DependencyInjection;
using OsMEN.LocalHosting.Publishing;
using OsMEN.LocalHosting.Running;
using OsMEN.LocalHosting.Testing;

namespace OsMEN.LocalHosting;

/// <summary>An application whose model is complete.</summary>
public sealed class DistributedApplication : IAsyncDisposable
{
    private readonly RunOptions _options;
    private readonly string _appHostDirectory;
    private readonly TestRun? _test;
    private readonly ResourceLoggerService _logs = new();
    private readonly CancellationTokenSource _stop = new();
    private Task? _running;

    internal DistributedApplication(RunOptions options, string appHostDirectory, TestRun? test, IReadOnlyList<IResource> resources)
    {
        _appHostDirectory = appHostDirectory;
        _options = options;
        _test = test;
        Resources = resources;
        Services = new ServiceCollection().AddSingleton(ResourceNotifications).AddSingleton(_logs).BuildServiceProvider();
    }

    /// <summary>The model.</summary>
    public IReadOnlyList<IResource> Resources { get; }

    /// <summary>Waits for what happens to the resources.</summary>
    public ResourceNotificationService ResourceNotifications { get; } = new();

    /// <summary><see cref="ResourceNotificationService"/> and <see cref="ResourceLoggerService"/>.</summary>
    public IServiceProvider Services { get; }

    public static IDistributedApplicationBuilder CreateBuilder(string[] args) => new DistributedApplicationBuilder(new() { Args = args });

    public static IDistributedApplicationBuilder CreateBuilder(DistributedApplicationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new DistributedApplicationBuilder(options);
    }

    /// <summary>
    /// Runs every resource until Ctrl+C, SIGTERM or SIGHUP, then stops them in reverse order. The command line may hold
    /// <c>--backing auto|container|native|embedded</c> (also <c>OSMEN_BACKING</c>).
    /// With <c>--publisher manifest|compose|helm --output-path P</c> it writes the model out instead of running it. What cannot be run at all is said
    /// in one line on standard error and sets the exit code 1.
    /// </summary>
    public void Run() => RunAsync().GetAwaiter().GetResult();

    /// <inheritdoc cref="Run"/>
    /// <param name="cancellationToken">Stops it too.</param>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        if (_test is not null && TestRun.Current == _test)
        {
            await _test.AwaitEndAsync();
            return;
        }

        try
        {
            if (PublishArguments.Asked(_options.Args))
                await Publisher.PublishAsync(PublishArguments.Read(_options.Args, _appHostDirectory), _appHostDirectory, Resources, cancellationToken);
            else
                await ApplicationRunner.RunAsync(_options, Resources, ResourceNotifications, _logs, cancellationToken);
        }
        catch (DistributedApplicationException refusal)
        {
            await Console.Error.WriteLineAsync($"OsMEN cannot start: {refusal.Message}");
            Environment.ExitCode = 1;
        }
    }

    /// <summary>Starts every resource and returns at once; see <see cref="ResourceNotifications"/> for how they do.</summary>
    /// <exception cref="DistributedApplicationException">It cannot be started at all, for the reason given.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (_running is not null)
            throw new InvalidOperationException("The application was started before.");
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _running = Task.Run(
            async () =>
            {
                try
                {
                    await ApplicationRunner.RunAsync(_options with { OnStarted = () => started.TrySetResult() }, Resources, ResourceNotifications, _logs, _stop.Token);
                }
                catch (Exception e)
                {
                    // Whoever waits for it to start hears of it; else whoever stops it.
                    if (!started.TrySetException(e))
                        throw;
                }
            },
            CancellationToken.None);
        await started.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Stops every resource, those first that wait for others.</summary>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        await _stop.CancelAsync();
        if (_running is not null)
            await _running.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        _test?.End();
    }
}
