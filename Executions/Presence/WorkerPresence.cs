using System.Text.Json;
using System.Text.Json.Serialization;
using OsMEN.Llm.Cache;
using StackExchange.Redis;

namespace OsMEN.Executions;

/// <summary>What a worker says of itself.</summary>
/// <param name="Id">Unique to one life of one process.</param>
/// <param name="Slots">How many executions it may run at once.</param>
/// <param name="Used">How many it runs now.</param>
/// <param name="Draining">True once it claims no more.</param>
/// <param name="SeenAt">When it last said so, by its own clock.</param>
public sealed record WorkerInfo(string Id, string Version, int Slots, int Used, bool Draining, DateTimeOffset StartedAt, DateTimeOffset SeenAt);

/// <summary>
/// Who is at work, in one Redis hash. It serves people and health checks only: nothing is decided by it, so it may be stale
/// or empty while Redis is away.
/// </summary>
public sealed class WorkerPresence(IConnectionMultiplexer redis, TimeProvider time)
{
    /// <summary>How often a worker announces itself.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Gone = Interval * 3;
    private static readonly RedisKey Key = "osmen:workers";

    /// <summary>Writes or renews a worker's entry.</summary>
    /// <exception cref="RedisException">Redis is down.</exception>
    /// <exception cref="TimeoutException">Redis did not answer within <see cref="RedisCall.Limit"/>.</exception>
    public Task AnnounceAsync(WorkerInfo worker) =>
        redis.GetDatabase().HashSetAsync(Key, worker.Id, JsonSerializer.Serialize(worker, PresenceJsonContext.Default.WorkerInfo)).WithinLimitAsync();

    /// <summary>Removes a worker that stops.</summary>
    /// <exception cref="RedisException">Redis is down.</exception>
    /// <exception cref="TimeoutException">Redis did not answer within <see cref="RedisCall.Limit"/>.</exception>
    public Task LeaveAsync(string id) => redis.GetDatabase().HashDeleteAsync(Key, id).WithinLimitAsync();

    /// <summary>Workers heard of in the last 15 s, by id; those silent for longer are forgotten.</summary>
    /// <exception cref="RedisException">Redis is down.</exception>
    /// <exception cref="TimeoutException">Redis did not answer within <see cref="RedisCall.Limit"/>.</exception>
    public async Task<IReadOnlyList<WorkerInfo>> ListAsync()
    {
        var database = redis.GetDatabase();
        var oldest = time.GetUtcNow() - Gone;
        var present = new List<WorkerInfo>();
        var silent = new List<RedisValue>();
        foreach (var entry in await database.HashGetAllAsync(Key).WithinLimitAsync())
        {
            if (Read(entry.Value!) is { } worker && worker.SeenAt >= oldest)
                present.Add(worker);
            else
                silent.Add(entry.Name);
        }

        if (silent.Count > 0)
            await database.HashDeleteAsync(Key, [.. silent]).WithinLimitAsync();
        present.Sort(static (a, b) => string.CompareOrdinal(a.Id, b.Id));
        return present;
    }

    private static WorkerInfo? Read(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, PresenceJsonContext.Default.WorkerInfo);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(WorkerInfo))]
internal sealed partial class PresenceJsonContext : JsonSerializerContext;
