using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OsMEN.ServiceDefaults.Logging;

namespace OsMEN.ServiceDefaults.Health;

/// <summary>Health as the contract's JSON.</summary>
internal static class HealthJson
{
    public static string WordFor(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => "healthy",
        HealthStatus.Degraded => "degraded",
        _ => "unhealthy",
    };

    public static int CodeFor(HealthStatus status) => status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;

    public static void WriteReport(Utf8JsonWriter json, HealthMonitor monitor, ServiceIdentity service)
    {
        json.WriteStartObject();
        json.WriteString("status"u8, WordFor(monitor.Overall));
        json.WriteString("service"u8, service.Name);
        json.WriteString("version"u8, service.Version);
        json.WriteString("timestamp"u8, Time(monitor.Now));
        json.WriteNumber("uptime"u8, Math.Round((monitor.Now - monitor.StartedAt).TotalSeconds, 1));
        json.WriteStartObject("components"u8);
        foreach (var component in monitor.Components.Values.OrderBy(c => c.Name, StringComparer.Ordinal))
        {
            json.WritePropertyName(component.Name);
            WriteComponent(json, component);
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static void WriteComponent(Utf8JsonWriter json, HealthComponent component)
    {
        json.WriteStartObject();
        var latest = component.Latest;
        json.WriteString("status"u8, WordFor(component.Status));
        json.WriteBoolean("critical"u8, component.IsCritical);
        json.WriteStartObject("details"u8);
        if (latest is null) json.WriteString("message"u8, "Not checked yet.");
        else if (latest.Message is { } message) json.WriteString("message"u8, message);
        foreach (var (name, value) in latest?.Data ?? new Dictionary<string, object>())
        {
            json.WritePropertyName(name);
            WriteValue(json, value);
        }
        json.WriteEndObject();
        json.WriteNumber("response_time_ms"u8, Milliseconds(latest?.ResponseTime ?? TimeSpan.Zero));
        if (latest is not null) json.WriteString("last_checked"u8, Time(latest.CheckedAt));
        else json.WriteNull("last_checked"u8);
        json.WriteEndObject();
    }

    public static void WriteNumbers(Utf8JsonWriter json, HealthMonitor monitor)
    {
        json.WriteStartObject();
        json.WriteString("status"u8, WordFor(monitor.Overall));
        json.WriteNumber("uptime"u8, Math.Round((monitor.Now - monitor.StartedAt).TotalSeconds, 1));
        json.WriteStartObject("components"u8);
        foreach (var component in monitor.Components.Values.OrderBy(c => c.Name, StringComparer.Ordinal))
        {
            json.WriteStartObject(component.Name);
            json.WriteNumber("checks"u8, component.Checks);
            json.WriteNumber("failures"u8, component.Failures);
            json.WriteNumber("consecutive_failures"u8, component.ConsecutiveFailures);
            json.WriteNumber("average_response_time_ms"u8, Milliseconds(component.AverageResponseTime));
            json.WriteNumber("period_seconds"u8, component.Period.TotalSeconds);
            json.WriteNumber("timeout_seconds"u8, component.Timeout.TotalSeconds);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static void WriteHistory(Utf8JsonWriter json, IReadOnlyList<HealthChange> changes, DateTimeOffset since, bool complete)
    {
        json.WriteStartObject();
        json.WriteString("since"u8, Time(since));
        json.WriteBoolean("complete"u8, complete);
        json.WriteStartArray("changes"u8);
        foreach (var change in changes)
        {
            json.WriteStartObject();
            json.WriteString("component"u8, change.Component);
            if (change.From is { } from) json.WriteString("from"u8, WordFor(from));
            else json.WriteNull("from"u8);
            json.WriteString("to"u8, WordFor(change.To));
            json.WriteString("at"u8, Time(change.At));
            if (change.Message is { } message) json.WriteString("message"u8, message);
            json.WriteString("service"u8, change.Service);
            json.WriteString("instance"u8, change.Instance);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private static double Milliseconds(TimeSpan duration) => Math.Round(duration.TotalMilliseconds, 3);

    private static void WriteValue(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null: json.WriteNullValue(); break;
            case bool flag: json.WriteBooleanValue(flag); break;
            case int number: json.WriteNumberValue(number); break;
            case long number: json.WriteNumberValue(number); break;
            case decimal number: json.WriteNumberValue(number); break;
            case double number when double.IsFinite(number): json.WriteNumberValue(number); break;
            case IEnumerable<string> texts:
                json.WriteStartArray();
                foreach (var text in texts) json.WriteStringValue(SecretRedactor.Redact(text));
                json.WriteEndArray();
                break;
            default: json.WriteStringValue(SecretRedactor.Redact(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")); break;
        }
    }
}
