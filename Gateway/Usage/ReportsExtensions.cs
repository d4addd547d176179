using OsMEN.Gateway.Analytics;

namespace OsMEN.Gateway.Usage;

internal static class ReportsExtensions
{
    /// <summary>Reading usage and the database's views, few at a time.</summary>
    public static void AddReports(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<AnalyticsReader>();
        builder.Services.AddSingleton<UsageReader>();
    }
}
