using System.Buffers;
using System.Diagnostics;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.ServiceDefaults.Tracing;

/// <summary>The outermost middleware: request id, log scope, server span and request metrics.</summary>
internal sealed class RequestTelemetry(RequestDelegate next, HttpMetrics metrics, TimeProvider time, ILogger<RequestTelemetry> logger)
{
    private const string RequestIdHeader = "X-Request-Id";
    private static readonly SearchValues<char> RequestIdCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    public async Task InvokeAsync(HttpContext context)
    {
        var started = time.GetTimestamp();
        var given = context.Request.Headers[RequestIdHeader].ToString();
        if (given.Length is > 0 and <= 64 && !given.AsSpan().ContainsAnyExcept(RequestIdCharacters)) context.TraceIdentifier = given;
        // At the last moment: an exception handler clears what was set before.
        context.Response.OnStarting(SetRequestId, context);

        var request = new RequestScope(context);
        context.Features.Set(request);
        using var scope = logger.BeginScope(request);
        Exception? failure = null;
        try
        {
            await next(context);
        }
        catch (Exception e)
        {
            failure = e;
            throw;
        }
        finally
        {
            Finish(context, request, time.GetElapsedTime(started), failure);
        }
    }

    private static Task SetRequestId(object state)
    {
        var context = (HttpContext)state;
        context.Response.Headers[RequestIdHeader] = context.TraceIdentifier;
        return Task.CompletedTask;
    }

    private void Finish(HttpContext context, RequestScope request, TimeSpan duration, Exception? failure)
    {
        failure ??= context.Features.Get<IExceptionHandlerFeature>()?.Error;
        var route = HttpMetrics.RouteOf(request.Endpoint ?? context.GetEndpoint());

        // The status still reads 200 when an exception passes.
        var aborted = failure is OperationCanceledException && context.RequestAborted.IsCancellationRequested;
        var status = aborted ? 499
            : failure is not null && context.Response.StatusCode < 400 ? StatusCodes.Status500InternalServerError
            : context.Response.StatusCode;
        metrics.Finished(context, route, status, duration, aborted ? null : failure);

        if (context.Features.Get<IHttpActivityFeature>()?.Activity is not { IsAllDataRequested: true } activity) return;
        activity.DisplayName = route == HttpMetrics.Unmatched ? HttpMetrics.MethodOf(context) : $"{HttpMetrics.MethodOf(context)} {route}";
        if (route != HttpMetrics.Unmatched) activity.SetTag("http.route", route);
        activity.SetTag("http.response.status_code", status);
        activity.SetTag("request_id", context.TraceIdentifier);
        if (status < 500) return;
        activity.SetTag("error.type", failure?.GetType().FullName ?? HttpMetrics.StatusText(status));
        activity.SetStatus(ActivityStatusCode.Error);
    }
}
