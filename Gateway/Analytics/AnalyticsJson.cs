using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using OsMEN.Executions.Analytics;
using OsMEN.Gateway.Executions;

namespace OsMEN.Gateway.Analytics;

/// <summary>A row of a view as an object with a field for each column, named as the column.</summary>
internal static class AnalyticsJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static RawJson Write(AnalyticsView view, object?[] row)
    {
        var body = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(body, Options))
        {
            json.WriteStartObject();
            for (var i = 0; i < row.Length; i++)
            {
                json.WritePropertyName(view.Columns[i].Name);
                Write(json, row[i]);
            }

            json.WriteEndObject();
        }

        return new RawJson(Encoding.UTF8.GetString(body.WrittenSpan));
    }

    private static void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null: json.WriteNullValue(); break;
            case long count: json.WriteNumberValue(count); break;
            case double number: json.WriteNumberValue(number); break;
            case decimal dollars: json.WriteNumberValue(ExecutionView.Dollars(dollars)); break;
            case DateOnly date: json.WriteStringValue(date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)); break;
            case DateTimeOffset time: json.WriteStringValue(time); break;
            default: json.WriteStringValue((string)value); break;
        }
    }
}
