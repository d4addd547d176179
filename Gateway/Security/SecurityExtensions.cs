using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using OsMEN.Gateway.Audit;
using OsMEN.ServiceDefaults.Configuration;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.Security;

internal static class SecurityExtensions
{
    /// <summary>Keys, roles, rate limits and CORS. Without a policy of its own, an endpoint, and also a path that is none, needs a key.</summary>
    public static void AddSecurity(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;

        // Read here as well, so that a broken entry ends the start with its line.
        ConfiguredKeys.Read(builder.Configuration, DateTimeOffset.UnixEpoch);
        WrongKeyLimit.Read(builder.Configuration);
        services.AddSingleton<ApiKeyTable>();
        services.AddSingleton<UserTable>();
        services.AddSingleton<UserReader>();
        services.AddSingleton<AuditLog>();
        services.AddSingleton<KeyAdministration>();
        services.AddSingleton<KeyRing>();
        services.AddHostedService(s => s.GetRequiredService<KeyRing>());
        services.AddSingleton<SessionTable>();
        services.AddSingleton<SessionEnds>();
        services.AddHostedService(s => s.GetRequiredService<SessionEnds>());
        services.AddSingleton<Sessions>();
        LoginLink.Read(builder.Configuration);
        services.AddSingleton<LoginLink>();
        services.AddSingleton<WrongKeyLimit>();
        services.AddInstruments<SeenUsers>();
        services.AddAuthentication(ApiKeyAuthentication.SchemeName).AddScheme<AuthenticationSchemeOptions, ApiKeyAuthentication>(ApiKeyAuthentication.SchemeName, null);
        services.AddAuthorizationBuilder()
            .AddPolicy(Policies.Read, p => p.RequireAuthenticatedUser())
            .AddPolicy(Policies.Run, p => p.RequireRole(Role.User.ToWire(), Role.Operator.ToWire(), Role.Admin.ToWire()))
            .AddPolicy(Policies.Operate, p => p.RequireRole(Role.Operator.ToWire(), Role.Admin.ToWire()))
            .AddPolicy(Policies.Manage, p => p.RequireRole(Role.Admin.ToWire()))
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        builder.AddRateLimits();
        builder.AddOrigins();
    }

    private static void AddOrigins(this IHostApplicationBuilder builder)
    {
        const string name = "CORS_ALLOWED_ORIGINS";
        var origins = (builder.Configuration.ReadText(name) ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (var origin in origins)
        {
            if (!Uri.TryCreate(origin, UriKind.Absolute, out var uri) || uri.GetLeftPart(UriPartial.Authority) != origin.TrimEnd('/'))
                throw new ConfigurationException(name, origin, "origins such as https://app.example.com, separated by commas");
        }

        builder.Services.AddCors(cors => cors.AddDefaultPolicy(p => p
            .WithOrigins(origins).AllowAnyMethod().WithHeaders("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "X-Api-Key", "X-Request-Id").WithExposedHeaders("Location", "Retry-After", "X-Request-Id")));
    }
}
