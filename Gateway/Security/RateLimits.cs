using System.Threading.RateLimiting;
using OsMEN.Gateway.Problems;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.Gateway.Security;

/// <summary>Requests a second, by key and by address. Both are token buckets that hold two seconds' worth.</summary>
internal static class RateLimits
{
    private const long Default = 10_000;

    /// <summary>
    /// <c>RATE_LIMIT_PER_KEY</c> and <c>RATE_LIMIT_PER_ADDRESS</c>: requests a second, 1 to 1,000,000, default 10,000. Probes are not
    /// limited.
    /// </summary>
    public static void AddRateLimits(this IHostApplicationBuilder builder)
    {
        var perKey = (int)builder.Configuration.ReadInteger("RATE_LIMIT_PER_KEY", Default, 1, 1_000_000);
        var perAddress = (int)builder.Configuration.ReadInteger("RATE_LIMIT_PER_ADDRESS", Default, 1, 1_000_000);
        builder.Services.AddRateLimiter(options =>
        {
            // Idle partitions are dropped by the limiter itself, so their number is bounded by who called lately.
            options.GlobalLimiter = PartitionedRateLimiter.CreateChained(
                PartitionedRateLimiter.Create<HttpContext, string>(c => Bucket(WrongKeyLimit.NetworkOf(c.Connection.RemoteIpAddress), perAddress)),
                PartitionedRateLimiter.Create<HttpContext, string>(c => c.Features.Get<ApiKey>() is { } key ? Bucket(key.Id, perKey) : RateLimitPartition.GetNoLimiter("")));
            options.OnRejected = (context, _) => new ValueTask(ProblemResponse.TooManyAsync(
                context.HttpContext,
                "Too many requests.",
                context.Lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : TimeSpan.FromSeconds(1)));
        });
    }

    private static RateLimitPartition<string> Bucket(string name, int perSecond) => RateLimitPartition.GetTokenBucketLimiter(name, _ => new TokenBucketRateLimiterOptions
    {
        TokenLimit = perSecond * 2,
        TokensPerPeriod = Math.Max(perSecond / 10, 1),
        ReplenishmentPeriod = perSecond >= 10 ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromSeconds(1.0 / perSecond),
        QueueLimit = 0,
        AutoReplenishment = true,
    });
}
