using System.Text.Json;
using System.Text.Json.Serialization;
using OsMEN.Llm.Cache;
using StackExchange.Redis;

namespace OsMEN.Executions.Retention;

/// <summary>What a pass did.</summary>
/// <param name="Took">With its pauses.</param>
/// <param name="Removed">Rows by kind; kinds without any are left out.</param>
internal sealed record RetentionNote(DateTimeOffset At, TimeSpan Took, IReadOnlyDictionary<string, long> Removed);

/// <summary>
/// The last pass, whichever process ran it, in one key of Redis. It serves people only: nothing is decided by it, so it may be
/// stale or gone.
/// </summary>
internal sealed class RetentionNotes(IConnectionMultiplexer redis)
{
    private static readonly RedisKey Key = "osmen:retention";

    /// <exception cref="RedisException">Redis is down.</exception>
    /// <exception cref="TimeoutException">Redis did not answer within <see cref="RedisCall.Limit"/>.</exception>
    public Task WriteAsync(RetentionNote note) => redis.GetDatabase().StringSetAsync(Key, JsonSerializer.Serialize(note, RetentionJsonContext.Default.RetentionNote)).WithinLimitAsync();

    /// <summary>Null where there is none.</summary>
    /// <exception cref="RedisException">Redis is down.</exception>
    /// <exception cref="TimeoutException">Redis did not answer within <see cref="RedisCall.Limit"/>.</exception>
    public async Task<RetentionNote?> ReadAsync()
    {
        var text = (string?)await redis.GetDatabase().StringGetAsync(Key).WithinLimitAsync();
        try
        {
            return text is null ? null : JsonSerializer.Deserialize(text, RetentionJsonContext.Default.RetentionNote);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSerializable(typeof(RetentionNote))]
internal sealed partial class RetentionJsonContext : JsonSerializerContext;
