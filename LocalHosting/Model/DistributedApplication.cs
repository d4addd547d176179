using OsMEN.LocalHosting.Running;

namespace OsMEN.LocalHosting;

/// <summary>An application whose model is complete.</summary>
public sealed class DistributedApplication
{
    private readonly DistributedApplicationOptions _options;
    private readonly string _appHostDirectory;

    internal DistributedApplication(DistributedApplicationOptions options, string appHostDirectory, IReadOnlyList<IResource> resources)
    {
        _options = options;
        _appHostDirectory = appHostDirectory;
        Resources = resources;
    }

    /// <summary>The model.</summary>
    public IReadOnlyList<IResource> Resources { get; }

    public static IDistributedApplicationBuilder CreateBuilder(string[] args) => new DistributedApplicationBuilder(new() { Args = args });

    public static IDistributedApplicationBuilder CreateBuilder(DistributedApplicationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new DistributedApplicationBuilder(options);
    }

    /// <summary>
    /// Runs every resource until Ctrl+C, SIGTERM or SIGHUP, then stops them in reverse order. The command line may hold
    /// <c>--backing auto|container|native|embedded</c> (also <c>OSMEN_BACKING</c>). What cannot be run at all is said
    /// in one line on standard error and sets the exit code 1.
    /// </summary>
    public void Run() => RunAsync().GetAwaiter().GetResult();

    /// <inheritdoc cref="Run"/>
    /// <param name="cancellationToken">Stops it too.</param>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await ApplicationRunner.RunAsync(_options, LocalFolder.Of(_appHostDirectory), Resources, cancellationToken);
        }
        catch (DistributedApplicationException refusal)
        {
            await Console.Error.WriteLineAsync($"OsMEN cannot start: {refusal.Message}");
            Environment.ExitCode = 1;
        }
    }
}
