using System.Buffers;
using System.Text;
using System.Text.Json;

namespace OsMEN.Llm.Forwarding;

/// <summary>Reads of an answer, or of one chunk of a stream, what has to be known for its bill, and makes no objects of the rest.</summary>
internal sealed class AnswerScanner(TextMeter text)
{
    /// <summary>The model's name as the provider gives it; null until it does.</summary>
    public string? ModelId { get; private set; }

    /// <summary>The last usage that the provider told.</summary>
    public TokenUsage? Usage { get; private set; }

    /// <summary>Whether that was told at the end or after it, so that it is all.</summary>
    public bool IsUsageFinal { get; private set; }

    /// <summary>At which tier the provider says that it served the call.</summary>
    public ServiceTier Tier { get; private set; }

    /// <summary>The answer so far: text, reasoning, refusals, names and arguments of tool calls.</summary>
    public TextMeter Text => text;

    /// <summary>Whether the model has said anything.</summary>
    public bool HasContent { get; private set; }

    /// <summary>Whether a reason for the end was told.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>Whether the provider reported an error in the middle of a stream.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>False when it is no JSON object. <paramref name="isUsageOnly"/>: it holds nothing but the usage.</summary>
    public bool Scan(ReadOnlySpan<byte> json, bool isChunk, out bool isUsageOnly)
    {
        isUsageOnly = false;
        var (choices, hasUsage) = (0, false);
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("choices"u8))
                {
                    reader.Read();
                    choices = ScanChoices(ref reader);
                }
                else if (reader.ValueTextEquals("usage"u8))
                {
                    reader.Read();
                    hasUsage |= ScanUsage(ref reader);
                }
                else if (reader.ValueTextEquals("x_groq"u8))
                {
                    reader.Read();
                    hasUsage |= ScanGroq(ref reader);
                }
                else if (ModelId is null && reader.ValueTextEquals("model"u8))
                {
                    reader.Read();
                    ModelId = reader.TokenType == JsonTokenType.String && reader.GetString() is { Length: > 0 and <= 200 } name ? name : null;
                    reader.Skip();
                }
                else if (reader.ValueTextEquals("service_tier"u8))
                {
                    reader.Read();
                    Tier = reader.TokenType == JsonTokenType.String ? ServiceTiers.Parse(reader.GetString()) : Tier;
                    reader.Skip();
                }
                else if (reader.ValueTextEquals("error"u8))
                {
                    reader.Read();
                    HasFailed |= reader.TokenType is JsonTokenType.StartObject or JsonTokenType.String;
                    reader.Skip();
                }
                else
                {
                    reader.Read();
                    reader.Skip();
                }
            }

            if (hasUsage)
                IsUsageFinal = IsFinished || !isChunk;
            isUsageOnly = hasUsage && choices == 0;
            return reader.TokenType == JsonTokenType.EndObject;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static long Count(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped && !reader.HasValueSequence)
            return Encoding.UTF8.GetCharCount(reader.ValueSpan);
        var buffer = ArrayPool<char>.Shared.Rent(reader.ValueSpan.Length);
        var count = reader.CopyString(buffer);
        ArrayPool<char>.Shared.Return(buffer);
        return count;
    }

    private bool ScanUsage(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        using var usage = JsonDocument.ParseValue(ref reader);
        Usage = ProviderUsage.Read(usage.RootElement) ?? Usage;
        return true;
    }

    // Groq reports the usage of a stream as x_groq.usage, beside the last choice.
    private bool ScanGroq(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        using var groq = JsonDocument.ParseValue(ref reader);
        if (!groq.RootElement.TryGetProperty("usage", out var usage) || ProviderUsage.Read(usage) is not { } tokens)
            return false;
        Usage = tokens;
        return true;
    }

    private int ScanChoices(ref Utf8JsonReader reader)
    {
        var count = 0;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return count;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            count++;
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isFinish = reader.ValueTextEquals("finish_reason"u8);
                var isMessage = !isFinish && (reader.ValueTextEquals("delta"u8) || reader.ValueTextEquals("message"u8));
                reader.Read();
                if (isFinish)
                    IsFinished |= reader.TokenType == JsonTokenType.String;
                if (isMessage && reader.TokenType == JsonTokenType.StartObject)
                    ScanMessage(ref reader);
                else
                    reader.Skip();
            }
        }

        return count;
    }

    // Also reached for the objects inside: a tool call's function has its name and arguments.
    private void ScanMessage(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isText = reader.ValueTextEquals("content"u8) || reader.ValueTextEquals("reasoning_content"u8) || reader.ValueTextEquals("refusal"u8)
                || reader.ValueTextEquals("name"u8) || reader.ValueTextEquals("arguments"u8);
            var isCalls = !isText && (reader.ValueTextEquals("tool_calls"u8) || reader.ValueTextEquals("function"u8) || reader.ValueTextEquals("function_call"u8));
            reader.Read();
            if (isText && reader.TokenType == JsonTokenType.String)
            {
                var before = text.Characters;
                if (text.NeedsText)
                    text.Add(reader.GetString());
                else
                    text.AddCharacters(Count(ref reader));
                HasContent |= text.Characters > before;
            }
            else if (isCalls && reader.TokenType == JsonTokenType.StartObject)
            {
                ScanMessage(ref reader);
            }
            else if (isCalls && reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
                    ScanMessage(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }
}
