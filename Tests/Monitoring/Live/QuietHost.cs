using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OsMEN.AppHost.Running;

namespace OsMEN.Tests.Monitoring.Live;

internal static class QuietHost
{
    /// <summary>
    /// Keeps the application's log and its report, which contains keys, off the console. There they would mix with the results that the
    /// test runner writes to it, which breaks the run.
    /// </summary>
    public static void Quieten(this IDistributedApplicationTestingBuilder builder)
    {
        builder.Services.AddLogging(logging => logging.ClearProviders());
        builder.Services.Remove(builder.Services.Single(s => s.ImplementationType == typeof(RunReport)));
    }
}
