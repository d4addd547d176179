using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using OsMEN.Llm.Cache;
using OsMEN.Llm.Fallback;
using OsMEN.Llm.Forwarding;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.Llm;

/// <summary>Registers model clients with a service.</summary>
public static class LlmExtensions
{
    /// <summary>Adds <see cref="ChatClients"/>, <see cref="ModelForwarder"/>, <see cref="LlmOptions"/> and <see cref="PriceTable"/>.</summary>
    /// <exception cref="ConfigurationException">A configuration key holds what cannot be used, see <see cref="LlmOptions.Read"/>.</exception>
    public static IServiceCollection AddLlm(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        services.TryAddSingleton(TimeProvider.System);
        var options = LlmOptions.Read(configuration, environment.IsDevelopment());
        services.AddSingleton(options);
        services.AddSingleton(ModelRoutes.Read(configuration, options));
        services.TryAddSingleton(_ => PriceTable.Shipped());
        services.AddSingleton<ChatClients>();
        services.AddSingleton<ModelForwarder>();
        services.AddSingleton<ModelCalls>();
        services.AddSingleton<AnswerCache>();
        return services;
    }
}
