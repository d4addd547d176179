using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using OsMEN.ServiceDefaults.Configuration;
using OsMEN.ServiceDefaults.Health;
using StackExchange.Redis;

namespace OsMEN.Executions.Clients;

/// <summary>The Redis client, from Aspire's integration, with the options of a server that may be down at any time.</summary>
internal static class RedisClient
{
    private const string Allowed = "a StackExchange.Redis connection string, such as localhost:6379";

    /// <summary>
    /// Registers an <see cref="IConnectionMultiplexer"/> on <c>ConnectionStrings:{name}</c> and the health component of that name. The
    /// multiplexer is created even while the server is down, and connects when it comes back.
    /// </summary>
    /// <exception cref="ConfigurationException">
    /// The connection string is missing or broken. The integration would only find that out when the client is first used.
    /// </exception>
    public static void AddRedis(this IHostApplicationBuilder builder, string name)
    {
        var key = $"ConnectionStrings__{name}";
        var text = builder.Configuration.ReadText($"ConnectionStrings:{name}") ?? throw new ConfigurationException(key, null, Allowed);
        if (!IsValid(text)) throw ConfigurationException.Secret(key, Allowed);
        builder.AddRedisClient(
            name,
            settings =>
            {
                // Whoever asks for the client first waits for its first attempt to connect; a server that is down must not make that long.
                // What the connection string says comes later and wins.
                // The client drops a connection on which nothing came for four times asyncTimeout.
                settings.ConnectionString = $"connectTimeout=2000,connectRetry=1,asyncTimeout=1000,syncTimeout=1000,{text}";

                // An execution publishes an event for every few words of output: a span for each would bury its trace.
                settings.DisableTracing = true;
                settings.DisableHealthChecks = true;
                settings.DisableAutoActivation = true;
            },
            Configure);
        builder.AddHealthComponent(name, CheckAsync, tags: HealthTags.Critical);
    }

    /// <summary>The options that a connection string does not decide.</summary>
    public static void Configure(ConfigurationOptions options)
    {
        options.AbortOnConnectFail = false;
        options.ReconnectRetryPolicy = new ExponentialRetry(250, 2000);

        // Whoever finds Redis down does without it at once; by default a command waits up to 5 s for the connection to come back.
        options.BacklogPolicy = BacklogPolicy.FailFast;

        // The client counts INFO, which the metrics of Redis are read from, as a command for administrators.
        options.AllowAdmin = true;
    }

    private static async Task<HealthCheckResult> CheckAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        // The client's own message counts its internals; this says what matters.
        var redis = services.GetRequiredService<IConnectionMultiplexer>();
        if (!redis.IsConnected) return HealthCheckResult.Unhealthy("Redis is not connected.");
        var latency = await redis.GetDatabase().PingAsync().WaitAsync(cancellationToken);
        return HealthCheckResult.Healthy("Connected to Redis.", new Dictionary<string, object>(StringComparer.Ordinal) { ["ping_ms"] = Math.Round(latency.TotalMilliseconds, 3) });
    }

    private static bool IsValid(string text)
    {
        try
        {
            return ConfigurationOptions.Parse(text).EndPoints.Count > 0;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException)
        {
            return false;
        }
    }
}
