using System.Text;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.ServiceDefaults.Security;

internal static class AccessPolicySetup
{
    private const int ShortestToken = 16;

    public static void AddAccessPolicies(this IHostApplicationBuilder builder)
    {
        var token = builder.Configuration.ReadText("METRICS_SCRAPE_TOKEN");
        if (token is { Length: < ShortestToken }) throw ConfigurationException.Secret("METRICS_SCRAPE_TOKEN", "16 characters or more");
        builder.Services.AddSingleton(new ScrapeToken(token is null ? null : Encoding.UTF8.GetBytes(token)));
        builder.Services.AddSingleton<IAuthorizationHandler, DiagnosticsHandler>();
        builder.Services.TryAddSingleton<IAuthorizationMiddlewareResultHandler, PlainRefusal>();
        builder.Services.AddAuthorizationBuilder()
            .AddPolicy(AccessPolicies.Diagnostics, p => p.AddRequirements(new DiagnosticsRequirement(SameHost: false)))
            .AddPolicy(AccessPolicies.Metrics, p => p.AddRequirements(new DiagnosticsRequirement(SameHost: true)));
    }
}
