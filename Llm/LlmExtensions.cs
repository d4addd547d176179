using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace OsMEN.Llm;

/// <summary>Registers model clients with a service.</summary>
public static class LlmExtensions
{
    /// <summary>Adds <see cref="ChatClients"/>, <see cref="LlmOptions"/> and <see cref="PriceTable"/>.</summary>
    /// <exception cref="FormatException">A configuration key holds what cannot be used, see <see cref="LlmOptions.Read"/>.</exception>
    public static IServiceCollection AddLlm(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(LlmOptions.Read(configuration));
        services.TryAddSingleton(_ => PriceTable.Shipped());
        services.AddSingleton<ChatClients>();
        return services;
    }
}
