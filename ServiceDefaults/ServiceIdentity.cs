using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.ServiceDefaults;

/// <summary>Who this process is, in logs, traces, metrics and health.</summary>
/// <param name="Name"><c>OTEL_SERVICE_NAME</c>, else the application's name without the solution's, in lower case: <c>gateway</c>.</param>
/// <param name="Version">The entry assembly's version.</param>
/// <param name="Commit">The commit it was built from; empty when the build did not know it.</param>
/// <param name="InstanceId">The instance id in <c>OTEL_RESOURCE_ATTRIBUTES</c>, else host and process id.</param>
public sealed record ServiceIdentity(string Name, string Version, string Commit, string InstanceId)
{
    /// <summary>The solution's name: meters and activity sources that start with it are exported without registration.</summary>
    public const string Solution = "OsMEN";

    internal static ServiceIdentity Read(IConfiguration configuration, IHostEnvironment environment)
    {
        var assembly = Assembly.GetEntryAssembly();
        var version = (assembly?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0").Split('+', 2);
        var application = environment.ApplicationName;
        if (application.StartsWith($"{Solution}.", StringComparison.Ordinal)) application = application[(Solution.Length + 1)..];
        return new(
            configuration.ReadText("OTEL_SERVICE_NAME") ?? application.ToLowerInvariant(),
            version[0],
            version.Length > 1 ? version[1] : "",
            InstanceIdOf(configuration.ReadText("OTEL_RESOURCE_ATTRIBUTES")) ?? $"{Environment.MachineName}-{Environment.ProcessId}");
    }

    private static string? InstanceIdOf(string? attributes)
    {
        foreach (var attribute in attributes?.Split(',', StringSplitOptions.TrimEntries) ?? [])
            if (attribute.StartsWith("service.instance.id=", StringComparison.Ordinal)) return Uri.UnescapeDataString(attribute["service.instance.id=".Length..]);
        return null;
    }
}
