using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.Streams;

internal static class StreamsExtensions
{
    /// <summary>What WebSockets and event streams need: their limits and metrics.</summary>
    public static void AddStreams(this IHostApplicationBuilder builder)
    {
        // Read here as well, so that a bad value ends the start with its line.
        WebSocketConnections.ReadPerKey(builder.Configuration);
        builder.Services.AddSingleton(StreamLimits.Default);
        builder.Services.AddInstruments<EventStreams>();
        builder.Services.AddInstruments<WebSocketConnections>();
    }
}
