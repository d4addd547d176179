using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace OsMEN.AppHost.Publishing;

/// <summary>
/// Reports the outcome of a pipeline that runs without Aspire's CLI. Without the CLI, Aspire exits with 0 when a step failed, logs the
/// stack trace three times, and prints nothing when it succeeded.
/// </summary>
internal sealed class PublishOutcome(IServiceProvider services) : IHostedService
{
    /// <summary>Adds it, unless the CLI runs the pipeline, which shows steps, summary and errors itself.</summary>
    public static void Add(IDistributedApplicationBuilder builder)
    {
        if (IsRunByCli(builder.Configuration))
            return;
        builder.Services.AddHostedService<PublishOutcome>();
        if (builder.Configuration.GetValue<bool>("Pipeline:IncludeExceptionDetails"))
            return;
        builder.Services.AddLogging(logging => logging
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None)
            .AddFilter("Aspire.Hosting.Publishing.PipelineExecutor", LogLevel.None));
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <exception cref="DistributedApplicationException">The pipeline failed.</exception>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        // In publish mode, the pipeline is the only background service that fails.
        var failure = services.GetServices<IHostedService>().OfType<BackgroundService>()
            .Select(service => service.ExecuteTask?.Exception?.GetBaseException()).FirstOrDefault(error => error is not null);
        return failure is null ? Task.CompletedTask : throw new DistributedApplicationException(failure.Message, failure);
    }

    /// <summary>Prints a line, unless the CLI shows a summary.</summary>
    public static void Report(IConfiguration configuration, string line)
    {
        if (!IsRunByCli(configuration))
            Console.WriteLine(line);
    }

    private static bool IsRunByCli(IConfiguration configuration) => configuration["ASPIRE_BACKCHANNEL_PATH"] is { Length: > 0 };
}
