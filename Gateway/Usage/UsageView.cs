using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using OsMEN.Executions.Usage;
using OsMEN.Gateway.Executions;

namespace OsMEN.Gateway.Usage;

/// <summary>A group's usage as the API shows it: as JSON, its first field named as what it is grouped by, and as a line of CSV.</summary>
internal static class UsageView
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly SearchValues<char> Quoted = SearchValues.Create(",\"\r\n");

    public static string Name(UsageGroup by) => by.ToString().ToLowerInvariant();

    public static RawJson Json(UsageGroup by, UsageRow row)
    {
        var body = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(body, Options))
        {
            json.WriteStartObject();
            json.WriteString(Name(by), row.Group);
            json.WriteNumber("executions", row.Executions);
            json.WriteStartObject("tokens");
            foreach (var (name, count) in Tokens(row))
                json.WriteNumber(name, count);
            json.WriteEndObject();
            json.WriteNumber("cost_usd", ExecutionView.Dollars(row.CostUsd));
            json.WriteNumber("unpriced_tokens", row.UnpricedTokens);
            json.WriteNumber("estimated_tokens", row.EstimatedTokens);
            if (row.RevenueUsd is { } revenue)
            {
                json.WriteNumber("revenue_usd", ExecutionView.Dollars(revenue));
                json.WriteNumber("margin_usd", ExecutionView.Dollars(revenue - row.CostUsd));
            }

            json.WriteEndObject();
        }

        return new RawJson(Encoding.UTF8.GetString(body.WrittenSpan));
    }

    /// <summary>RFC 4180, with a first line of names; what has no revenue has empty fields.</summary>
    public static string Csv(UsageGroup by, IEnumerable<UsageRow> rows)
    {
        var text = new StringBuilder();
        text.Append(Name(by)).Append(",executions,input_tokens,output_tokens,cached_input_tokens,cache_write_tokens,reasoning_tokens,cost_usd,unpriced_tokens,estimated_tokens,revenue_usd,margin_usd\r\n");
        foreach (var row in rows)
        {
            text.Append(Field(row.Group)).Append(CultureInfo.InvariantCulture, $",{row.Executions}");
            foreach (var (_, count) in Tokens(row))
                text.Append(CultureInfo.InvariantCulture, $",{count}");
            text.Append(CultureInfo.InvariantCulture, $",{ExecutionView.Dollars(row.CostUsd)},{row.UnpricedTokens},{row.EstimatedTokens},");
            if (row.RevenueUsd is { } revenue)
                text.Append(CultureInfo.InvariantCulture, $"{ExecutionView.Dollars(revenue)},{ExecutionView.Dollars(revenue - row.CostUsd)}");
            else
                text.Append(',');
            text.Append("\r\n");
        }

        return text.ToString();
    }

    private static (string Name, long Count)[] Tokens(UsageRow row) =>
    [
        ("input", row.Tokens.Input), ("output", row.Tokens.Output), ("cached_input", row.Tokens.CachedInput), ("cache_write", row.Tokens.CacheWrite),
        ("reasoning", row.Tokens.Reasoning),
    ];

    private static string Field(string text)
    {
        // A spreadsheet would run a name that looks like a formula.
        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r')
            text = "'" + text;
        return text.AsSpan().ContainsAny(Quoted) ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }
}

/// <summary>What today and this month have cost, and will.</summary>
internal sealed record ProjectionView(TodayView Today, MonthView Month);

internal sealed record TodayView(decimal CostUsd, decimal ProjectedUsd);

internal sealed record MonthView(decimal CostUsd, decimal ProjectedUsd, string Method);
