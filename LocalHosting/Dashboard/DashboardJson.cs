using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using OsMEN.LocalHosting.Otlp;
using OsMEN.LocalHosting.Output;

namespace OsMEN.LocalHosting.Dashboard;

internal sealed record OverviewView(string Application, IReadOnlyList<ResourceView> Resources, TelemetryView Telemetry);

internal sealed record TelemetryView(StoreUse Logs, StoreUse Traces, StoreUse Metrics, long DroppedSpans);

/// <summary>A resource; its state is that of its least ready replica.</summary>
internal sealed record ResourceView(
    string Name, string Type, string State, string? Health, string? Reason, int Restarts, IReadOnlyList<string> Urls, string? Note, IReadOnlyList<string> WaitsFor, IReadOnlyList<ReplicaView> Replicas);

internal sealed record ReplicaView(int Index, string Name, string State, string? Health, string? Reason, int Restarts, IReadOnlyList<string> Urls);

internal sealed record VariableView(string Name, string Value);

internal sealed record ConsoleView(IReadOnlyList<ConsoleLine> Lines, long Total);

/// <summary>A log in a list, without its attributes. Time in milliseconds since 1970, as in all views.</summary>
internal sealed record LogRow(long Id, double Time, int Severity, string Service, string Instance, string Category, string Message, string? TraceId);

internal sealed record LogRows(IReadOnlyList<LogRow> Rows, long Last, StoreUse Use);

internal sealed record LogView(long Id, double Time, int Severity, string Service, string Instance, string Category, string Message, string? TraceId, string? SpanId, IReadOnlyList<TelemetryAttribute> Attributes);

internal sealed record TraceRow(string Id, string Name, string Service, double Time, double Duration, int Spans, int Failed, IReadOnlyDictionary<string, int> Services);

internal sealed record TraceRows(IReadOnlyList<TraceRow> Rows, StoreUse Use);

internal sealed record SpanView(
    string Id, string? Parent, string Name, int Kind, double Time, double Duration, bool Failed, string? Status, string Service, string Instance, string Scope,
    IReadOnlyList<TelemetryAttribute> Attributes, IReadOnlyList<SpanEventView> Events);

internal sealed record SpanEventView(double Time, string Name, IReadOnlyList<TelemetryAttribute> Attributes);

internal sealed record TraceView(string Id, IReadOnlyList<SpanView> Spans, long Logs);

internal sealed record MetricView(string Service, string Meter, string Name, string Kind, string Unit, string Description, int Series);

internal sealed record MetricRows(IReadOnlyList<MetricView> Rows, StoreUse Use);

/// <summary>A series; each point is time in seconds, value, sum, and the percentiles 50, 90, 99, null where nothing was measured.</summary>
internal sealed record SeriesView(string Instance, IReadOnlyList<TelemetryAttribute> Attributes, IReadOnlyList<double?[]> Points);

internal sealed record SeriesRows(IReadOnlyList<SeriesView> Series);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(ConsoleView))]
[JsonSerializable(typeof(IReadOnlyList<VariableView>))]
[JsonSerializable(typeof(LogRows))]
[JsonSerializable(typeof(LogView))]
[JsonSerializable(typeof(MetricRows))]
[JsonSerializable(typeof(OverviewView))]
[JsonSerializable(typeof(SeriesRows))]
[JsonSerializable(typeof(TraceRows))]
[JsonSerializable(typeof(TraceView))]
internal sealed partial class DashboardJsonContext : JsonSerializerContext
{
    /// <summary>Answers with a value, or with 404 where there is none.</summary>
    public static Task WriteAsync<T>(HttpContext context, T? value, JsonTypeInfo<T> type)
        where T : class
    {
        if (value is null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        context.Response.ContentType = "application/json; charset=utf-8";
        return JsonSerializer.SerializeAsync(context.Response.Body, value, type, context.RequestAborted);
    }
}
