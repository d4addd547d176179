using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.ML.Tokenizers;

namespace OsMEN.Llm.Forwarding;

/// <summary>
/// A request in OpenAI's wire format that is handed on as it came: read once for what has to be known of it, and changed only where the
/// provider must see something else (its own name of the model; that a stream's usage is wanted).
/// </summary>
public sealed class ForwardRequest
{
    private static readonly byte[] UsageOption = "\"stream_options\":{\"include_usage\":true}"u8.ToArray();

    private readonly ReadOnlyMemory<byte> _json;
    private Range? _model;
    private Range? _streamOptions;
    private int _end;

    private ForwardRequest(ReadOnlyMemory<byte> json) => _json = json;

    /// <summary>As the client wrote it: <c>platform/model</c> or <c>agent/id</c>.</summary>
    public string Model { get; private set; } = "";

    /// <summary><c>stream</c>.</summary>
    public bool IsStream { get; private set; }

    /// <summary><c>stream_options.include_usage</c>: the client wants the chunk that holds the usage.</summary>
    public bool WantsUsage { get; private set; }

    /// <summary>Most tokens that a request can ask for in one answer. No model writes that many.</summary>
    public const long MostTokens = 10_000_000;

    /// <summary>Most answers that a request can ask for (<c>n</c>), as at OpenAI.</summary>
    public const long MostAnswers = 128;

    /// <summary><c>max_completion_tokens</c> or <c>max_tokens</c>, whichever is larger: most tokens of an answer; null where the client sets no limit.</summary>
    public long? MaxTokens { get; private set; }

    /// <summary><c>n</c>: how many answers, 1 unless the client says otherwise.</summary>
    public long Answers { get; private set; } = 1;

    /// <summary><c>service_tier</c>: the tier that the client asks for, which may cost more than the standard one.</summary>
    public ServiceTier Tier { get; private set; }

    /// <summary>The body as it came.</summary>
    public ReadOnlyMemory<byte> Json => _json;

    /// <summary>The request; else the name of the field that is wrong (empty for the body itself) and what is wrong with it.</summary>
    public static (ForwardRequest? Request, string Field, string? Error) Read(ReadOnlyMemory<byte> json)
    {
        var request = new ForwardRequest(json);
        try
        {
            var (field, error) = request.Scan();
            return error is null ? (request, "", null) : (null, field, error);
        }
        catch (JsonException e)
        {
            return (null, "", $"is not JSON (line {(e.LineNumber ?? 0) + 1}, byte {(e.BytePositionInLine ?? 0) + 1})");
        }
        catch (InvalidOperationException)
        {
            return (null, "model", "must be valid Unicode");
        }
    }

    /// <summary>The body for a provider who calls the model <paramref name="model"/>.</summary>
    /// <param name="limit">A field that is added, with its value: a limit that the client did not set.</param>
    internal byte[] For(string model, (string Field, long Value)? limit = null)
    {
        var json = _json.Span;
        var name = JsonSerializer.SerializeToUtf8Bytes(model, ForwardJsonContext.Default.String);
        var (start, length) = _model!.Value.GetOffsetAndLength(json.Length);
        var edits = new List<(int Start, int Length, byte[] Text)> { (start, length, name) };
        if (IsStream && !WantsUsage)
        {
            if (_streamOptions is { } options)
            {
                (start, length) = options.GetOffsetAndLength(json.Length);
                edits.Add((start, length, WithUsage(_json.Slice(start, length))));
            }
            else
            {
                edits.Add((_end, 0, [(byte)',', .. UsageOption]));
            }
        }

        if (limit is { } most)
            edits.Add((_end, 0, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $",\"{most.Field}\":{most.Value}"))));
        edits.Sort(static (a, b) => a.Start.CompareTo(b.Start));
        var result = new byte[json.Length + edits.Sum(e => e.Text.Length - e.Length)];
        var (from, to) = (0, 0);
        foreach (var (at, removed, text) in edits)
        {
            json[from..at].CopyTo(result.AsSpan(to));
            to += at - from;
            text.CopyTo(result, to);
            to += text.Length;
            from = at + removed;
        }

        json[from..].CopyTo(result.AsSpan(to));
        return result;
    }

    /// <summary>Estimates the tokens of all texts that are sent to the model, where the provider reports none.</summary>
    internal long EstimateInput(Tokenizer? tokenizer)
    {
        using var document = JsonDocument.Parse(_json);
        var meter = new TextMeter(tokenizer);
        foreach (var name in (string[])["messages", "input", "tools"])
        {
            if (document.RootElement.TryGetProperty(name, out var value))
                Measure(value, meter);
        }

        return meter.Tokens();
    }

    // Strings, and the parts, messages, calls and tools that contain them.
    private static void Measure(JsonElement content, TextMeter meter)
    {
        switch (content.ValueKind)
        {
            case JsonValueKind.String:
                meter.Add(content.GetString());
                break;
            case JsonValueKind.Array:
                foreach (var item in content.EnumerateArray())
                    Measure(item, meter);
                break;
            case JsonValueKind.Object:
                foreach (var property in content.EnumerateObject())
                {
                    if (property.NameEquals("parameters"u8))
                        meter.Add(property.Value.GetRawText());
                    else if (property.Name is "text" or "content" or "name" or "arguments" or "description" or "function" or "tool_calls")
                        Measure(property.Value, meter);
                }

                break;
            case JsonValueKind.Number:
                // Embeddings also take tokens: one is about four characters.
                meter.AddCharacters(4);
                break;
        }
    }

    private (string Field, string? Error) Scan()
    {
        var reader = new Utf8JsonReader(_json.Span);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            return ("", "must be a JSON object");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            // Of two, a provider may use the other one than was read here.
            var name = reader.GetString()!;
            if (!seen.Add(name))
                return (name.Length <= 64 ? name : "", "is there twice");
            var (isModel, isStream, isOptions) = (name == "model", name == "stream", name == "stream_options");
            var (isLimit, isAnswers) = (name is "max_tokens" or "max_completion_tokens", name == "n");
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            if (isModel)
            {
                if (reader.TokenType != JsonTokenType.String)
                    return ("model", "must be a text");
                Model = reader.GetString()!;
            }
            else if (isStream)
            {
                if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null))
                    return ("stream", "must be true or false");
                IsStream = reader.TokenType == JsonTokenType.True;
            }
            else if (isLimit || isAnswers)
            {
                var count = 1L;
                var most = isAnswers ? MostAnswers : MostTokens;
                if (reader.TokenType is not (JsonTokenType.Null or JsonTokenType.Number) || (reader.TokenType == JsonTokenType.Number && !reader.TryGetInt64(out count)) || count < 1 || count > most)
                    return (name, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from 1 to {most}"));
                if (reader.TokenType != JsonTokenType.Null && isAnswers)
                    Answers = count;
                else if (reader.TokenType != JsonTokenType.Null)
                    MaxTokens = Math.Max(MaxTokens ?? 0, count);
            }
            else if (name == "service_tier" && reader.TokenType == JsonTokenType.String)
            {
                Tier = ServiceTiers.Parse(reader.GetString());
            }
            else if (isOptions && reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.Null))
            {
                return ("stream_options", "must be an object");
            }

            reader.Skip();
            var range = new Range(start, (int)reader.BytesConsumed);
            if (isModel)
                _model = range;
            else if (isOptions)
                (_streamOptions, WantsUsage) = (range, AsksForUsage(_json[range]));
        }

        _end = (int)reader.TokenStartIndex;
        if (reader.Read())
            return ("", "must be one JSON object");
        return Model.Length == 0 ? ("model", "is required: platform/model, or agent/id") : ("", null);
    }

    private static bool AsksForUsage(ReadOnlyMemory<byte> options)
    {
        using var document = JsonDocument.Parse(options);
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("include_usage", out var value) && value.ValueKind == JsonValueKind.True;
    }

    private static byte[] WithUsage(ReadOnlyMemory<byte> options)
    {
        using var document = JsonDocument.Parse(options);
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                foreach (var option in document.RootElement.EnumerateObject().Where(o => !o.NameEquals("include_usage"u8)))
                    option.WriteTo(writer);
            }

            writer.WriteBoolean("include_usage"u8, true);
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
