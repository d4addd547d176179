using Microsoft.Extensions.Options;
using OsMEN.Executions;
using OsMEN.Gateway.Alerts.Channels;
using OsMEN.Gateway.Alerts.Measuring;
using OsMEN.Gateway.Alerts.Notices;
using OsMEN.Gateway.Alerts.State;
using OsMEN.ServiceDefaults.Configuration;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.Alerts;

internal static class AlertsExtensions
{
    /// <summary>The alert engine: rules over the instances' own metrics, or over Prometheus where <c>PROMETHEUS_URL</c> names one.</summary>
    public static void AddAlerts(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<AlertOptions>().BindConfiguration(AlertOptions.Section).ValidateRanges(AlertOptions.Section).ValidateOnStart();
        services.AddSingleton(s => s.GetRequiredService<IOptions<AlertOptions>>().Value);
        InstancePresence.Add(services, "gateway");
        services.AddSingleton<AlertFileSource>();
        services.AddSingleton<RuleTable>();
        services.AddSingleton<RuleBook>();
        services.AddSingleton<AlertTable>();
        services.AddSingleton<SilenceTable>();
        services.AddSingleton<MuteReader>();
        services.AddSingleton<LeaderLock>();
        services.AddSingleton<NoticeTable>();
        services.AddSingleton<ChannelHttp>();
        services.AddSingleton<NoticeChannels>();
        services.AddInstruments<AlertMetrics>();
        if (builder.Configuration.ReadHttpAddress("PROMETHEUS_URL") is { } prometheus)
            services.AddSingleton<IAlertMeasure>(s => ActivatorUtilities.CreateInstance<PrometheusMeasure>(s, prometheus));
        else
            services.AddSingleton<IAlertMeasure, InstanceMeasure>();
        services.AddHostedService<NoticeSender>();
        services.AddHostedService<AlertEngine>();
    }
}
