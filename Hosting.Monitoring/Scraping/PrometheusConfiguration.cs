using System.Globalization;
using System.Text;
using Aspire.Hosting.ApplicationModel;

namespace OsMEN.Hosting.Monitoring.Scraping;

/// <summary>Prometheus's configuration file for a run of the application model. Its relative paths start at its folder.</summary>
internal static class PrometheusConfiguration
{
    /// <summary>Where a container's start writes the scrape token.</summary>
    public const string ContainerTokenFile = "/tmp/scrape-token";

    public static async Task<string> CreateAsync(
        IPrometheusResource prometheus, PrometheusRunAnnotation run, CancellationToken cancellationToken)
    {
        var interval = Duration(run.Interval);
        var self = prometheus is ContainerResource
            ? "localhost:9090"
            : await OnThisMachineAsync(prometheus.PrimaryEndpoint, cancellationToken);
        var text = new StringBuilder(
            $"""
            # Written by the AppHost each time Prometheus starts.
            global:
              scrape_interval: {interval}
              evaluation_interval: {interval}
            rule_files: [rules/*.yaml, rules/*.yml]

            """);
        if (run.Alertmanager is { } alertmanager)
        {
            var address = prometheus is ContainerResource
                ? string.Create(CultureInfo.InvariantCulture, $"{alertmanager.Name}:{AlertmanagerResource.Port}")
                : await OnThisMachineAsync(alertmanager.PrimaryEndpoint, cancellationToken);
            text.Append(
                $"""
                alerting:
                  alertmanagers:
                    - static_configs:
                        - targets: ['{address}']

                """);
        }

        text.Append(
            $"""
            scrape_configs:
              - job_name: {prometheus.Name}
                static_configs:
                  - targets: ['{self}']

            """);
        foreach (var target in run.Targets)
        {
            text.Append(
                $"""
                  - job_name: {target.Project.Name}
                    metrics_path: '{target.Path}'
                    file_sd_configs:
                      - files: [targets/{target.Project.Name}.json]
                        refresh_interval: 15s

                """);
            if (run.Token is not null)
            {
                text.Append(
                    $"""
                        authorization:
                          credentials_file: {(prometheus is ContainerResource ? ContainerTokenFile : Path.GetFileName(run.TokenFile))}

                    """);
            }
        }

        return text.ToString();
    }

    private static string Duration(TimeSpan interval) =>
        interval.Ticks % TimeSpan.TicksPerSecond == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{interval.Ticks / TimeSpan.TicksPerSecond}s")
            : string.Create(CultureInfo.InvariantCulture, $"{interval.Ticks / TimeSpan.TicksPerMillisecond}ms");

    private static async Task<string> OnThisMachineAsync(EndpointReference endpoint, CancellationToken cancellationToken) =>
        $"127.0.0.1:{await endpoint.Property(EndpointProperty.Port).GetValueAsync(cancellationToken)}";
}
