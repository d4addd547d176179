using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OsMEN.ServiceDefaults.Metrics;
using StackExchange.Redis;

namespace OsMEN.Llm.Cache;

/// <summary>
/// Answers of models in Redis, under a hash of all that they depend on: model, messages, parameters and tools, and the user unless that is said
/// otherwise. At most <see cref="MaxEntries"/> of at most <see cref="MaxBytes"/> bytes each; the oldest go first. Without Redis nothing is found.
/// </summary>
public sealed class AnswerCache(IConnectionMultiplexer redis, CacheMetrics metrics, TimeProvider time)
{
    /// <summary>Most answers that are kept.</summary>
    public const int MaxEntries = 5000;

    /// <summary>A larger answer is not kept.</summary>
    public const int MaxBytes = 64 * 1024;

    private const string Prefix = "osmen:answers:1:";
    private const string Index = "osmen:answers:index";

    private readonly CacheMetrics.Cache _lookups = metrics.For("model_answers");

    /// <summary><paramref name="inner"/>, asked only for what is not found.</summary>
    /// <param name="timeToLive">How long an answer is good.</param>
    /// <param name="user">Whose answers these are; null shares them with everybody.</param>
    public IChatClient Wrap(IChatClient inner, ModelName model, TimeSpan timeToLive, string? user) => new CachedChatClient(inner, this, model, timeToLive, user);

    internal async Task<ChatResponse?> FindAsync(string key)
    {
        ChatResponse? found = null;
        try
        {
            if ((byte[]?)await redis.GetDatabase().StringGetAsync(Prefix + key).WithinLimitAsync() is { } json)
                found = JsonSerializer.Deserialize<ChatResponse>(json, AIJsonUtilities.DefaultOptions);
        }
        catch (Exception e) when (RedisCall.Failed(e) || e is JsonException)
        {
            // As if it had never been there.
        }

        _lookups.Count(hit: found is not null);
        return found;
    }

    internal async Task KeepAsync(string key, ChatResponse response, TimeSpan timeToLive)
    {
        // What was cut or filtered may come whole the next time.
        if (response.FinishReason != ChatFinishReason.Stop && response.FinishReason != ChatFinishReason.ToolCalls)
            return;
        var json = JsonSerializer.SerializeToUtf8Bytes(response, AIJsonUtilities.DefaultOptions);
        if (json.Length > MaxBytes)
            return;
        try
        {
            await WriteAsync(key, json, timeToLive).WithinLimitAsync();
        }
        catch (Exception e) when (RedisCall.Failed(e))
        {
            // The answer is there, only not kept.
        }
    }

    /// <summary>All that an answer depends on, as a hash.</summary>
    internal static string KeyOf(ModelName model, string? user, IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            writer.WriteStringValue(model.ToString());
            writer.WriteStringValue(user is null ? "shared" : "user:" + user);
            JsonSerializer.Serialize(writer, messages.ToArray(), AIJsonUtilities.DefaultOptions);
            var plain = options?.Clone();
            if (plain is not null)
                plain.Tools = null;
            JsonSerializer.Serialize(writer, plain, AIJsonUtilities.DefaultOptions);
            foreach (var tool in options?.Tools ?? [])
            {
                writer.WriteStringValue(tool.Name);
                writer.WriteStringValue(tool.Description);
                if (tool is AIFunctionDeclaration function)
                    function.JsonSchema.WriteTo(writer);
            }

            writer.WriteEndArray();
        }

        return Convert.ToHexStringLower(SHA256.HashData(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)));
    }

    private async Task WriteAsync(string key, byte[] json, TimeSpan timeToLive)
    {
        var database = redis.GetDatabase();
        await database.StringSetAsync(Prefix + key, json, timeToLive);
        await database.SortedSetAddAsync(Index, key, time.GetUtcNow().ToUnixTimeMilliseconds());
        if (await database.SortedSetLengthAsync(Index) is var count and > MaxEntries)
            await TrimAsync(database, count - MaxEntries);
    }

    private static async Task TrimAsync(IDatabase database, long count)
    {
        var oldest = await database.SortedSetRangeByRankAsync(Index, 0, count - 1);
        await database.KeyDeleteAsync([.. oldest.Select(k => (RedisKey)(Prefix + k.ToString()))]);
        await database.SortedSetRemoveAsync(Index, oldest);
    }
}
