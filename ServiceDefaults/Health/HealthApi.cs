using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.ServiceDefaults.Security;

namespace OsMEN.ServiceDefaults.Health;

/// <summary>The health endpoints. They answer from the latest results; only <c>POST /health/check</c> waits for a check.</summary>
internal static class HealthApi
{
    private const double LongestHistoryHours = 24 * 366;

    // Monitors of uptime and load balancers ask for the head alone.
    private static readonly string[] Reading = ["GET", "HEAD"];

    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        var options = app.ServiceProvider.GetRequiredService<HealthOptions>();
        var open = app.MapGroup("").AllowAnonymous().ExcludeFromDescription();
        foreach (var path in (ReadOnlySpan<string>)["/health/live", "/alive"]) open.MapMethods(path, Reading, (RequestDelegate)LiveAsync);
        foreach (var path in (ReadOnlySpan<string>)["/health/ready", "/ready"]) open.MapMethods(path, Reading, (RequestDelegate)ReadyAsync);
        if (!options.Enabled) return;

        var details = app.MapGroup("").RequireAuthorization(AccessPolicies.Diagnostics).ExcludeFromDescription();
        foreach (var path in new HashSet<string>([options.Path, "/api/v1/monitoring/health", "/api/v1/monitoring/dashboard/health"], StringComparer.Ordinal))
            details.MapMethods(path, Reading, (RequestDelegate)ReportAsync);
        details.MapMethods("/health/components/{name}", Reading, (RequestDelegate)ComponentAsync);
        details.MapMethods("/health/dependencies/{name}", Reading, (RequestDelegate)DependencyAsync);
        details.MapMethods("/health/metrics", Reading, (RequestDelegate)NumbersAsync);
        details.MapMethods("/health/history", Reading, (RequestDelegate)HistoryAsync);
        details.MapMethods("/health/status", Reading, (RequestDelegate)StatusAsync);
        details.MapPost("/health/check", (RequestDelegate)CheckAsync);
    }

    private static Task LiveAsync(HttpContext context) => WriteAsync(context, StatusCodes.Status200OK, json =>
    {
        json.WriteStartObject();
        json.WriteString("status"u8, "alive");
        json.WriteEndObject();
    });

    private static Task ReadyAsync(HttpContext context)
    {
        var draining = context.RequestServices.GetRequiredService<DrainState>().IsDraining;
        var enabled = context.RequestServices.GetRequiredService<HealthOptions>().Enabled;
        string[] failing = enabled ? [.. Monitor(context).Failing] : [];
        var ready = !draining && failing.Length == 0;
        return WriteAsync(context, ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, json =>
        {
            json.WriteStartObject();
            json.WriteString("status"u8, draining ? "draining" : ready ? "ready" : "not_ready");
            if (failing.Length > 0)
            {
                json.WriteStartArray("failing"u8);
                foreach (var name in failing) json.WriteStringValue(name);
                json.WriteEndArray();
            }
            json.WriteEndObject();
        });
    }

    private static Task ReportAsync(HttpContext context)
    {
        var service = context.RequestServices.GetRequiredService<ServiceIdentity>();
        return WriteAsync(context, HealthJson.CodeFor(Monitor(context).Overall), json => HealthJson.WriteReport(json, Monitor(context), service));
    }

    private static Task ComponentAsync(HttpContext context) =>
        OneAsync(context, Monitor(context).Components.GetValueOrDefault((string)context.GetRouteValue("name")!));

    private static Task DependencyAsync(HttpContext context) =>
        OneAsync(context, Monitor(context).Components.GetValueOrDefault((string)context.GetRouteValue("name")!) is { IsDependency: true } found ? found : null);

    private static Task OneAsync(HttpContext context, HealthComponent? component) => component is null
        ? NotFoundAsync(context)
        : WriteAsync(context, HealthJson.CodeFor(component.Status), json => HealthJson.WriteComponent(json, component));

    private static Task NumbersAsync(HttpContext context) => WriteAsync(context, StatusCodes.Status200OK, json => HealthJson.WriteNumbers(json, Monitor(context)));

    private static async Task HistoryAsync(HttpContext context)
    {
        var hours = 24.0;
        if (context.Request.Query["hours"].ToString() is { Length: > 0 } text
            && !(double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out hours) && hours is > 0 and <= LongestHistoryHours))
        {
            await Results.ValidationProblem(new Dictionary<string, string[]>(StringComparer.Ordinal) { ["hours"] = ["A number of hours above 0, at most 8784."] }).ExecuteAsync(context);
            return;
        }
        var since = Monitor(context).Now - TimeSpan.FromHours(hours);
        var (changes, complete) = await context.RequestServices.GetRequiredService<HealthHistory>().ReadAsync(since, context.RequestAborted);
        await WriteAsync(context, StatusCodes.Status200OK, json => HealthJson.WriteHistory(json, changes, since, complete));
    }

    private static Task StatusAsync(HttpContext context)
    {
        var status = Monitor(context).Overall;
        context.Response.StatusCode = HealthJson.CodeFor(status);
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(HealthJson.WordFor(status), context.RequestAborted);
    }

    private static async Task CheckAsync(HttpContext context)
    {
        var monitor = Monitor(context);
        if (context.Request.Query["component"].ToString() is not { Length: > 0 } name)
        {
            await Task.WhenAll(monitor.Components.Values.Select(monitor.CheckAsync)).WaitAsync(context.RequestAborted);
            await ReportAsync(context);
            return;
        }
        var component = monitor.Components.GetValueOrDefault(name);
        if (component is not null) await monitor.CheckAsync(component).WaitAsync(context.RequestAborted);
        await OneAsync(context, component);
    }

    private static Task NotFoundAsync(HttpContext context) =>
        Results.Problem(statusCode: StatusCodes.Status404NotFound, title: "There is no such component.").ExecuteAsync(context);

    private static HealthMonitor Monitor(HttpContext context) => context.RequestServices.GetRequiredService<HealthMonitor>();

    private static async Task WriteAsync(HttpContext context, int status, Action<Utf8JsonWriter> write)
    {
        var body = new ArrayBufferWriter<byte>(1024);
        await using (var json = new Utf8JsonWriter(body)) write(json);
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.WrittenCount;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted);
    }
}
