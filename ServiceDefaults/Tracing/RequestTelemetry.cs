using System.Buffers;
using System.Diagnostics;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.ServiceDefaults.Tracing;

/// <summary>The outermost middleware: request id, log scope and request metrics. The server span comes from OpenTelemetry's instrumentation.</summary>
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

    /// <summary>Adds what OpenTelemetry's instrumentation of ASP.NET Core doesn't know to the server span, after it has set its own tags.</summary>
    public static void CompleteSpan(Activity activity, HttpResponse response)
    {
        activity.SetTag("request_id", response.HttpContext.TraceIdentifier);
        if (response.HttpContext.Features.Get<RequestScope>() is not { } request) return;
        if (request.Aborted)
        {
            // The client left, which is no failure of the service.
            activity.SetTag("http.response.status_code", StatusCodes.Status499ClientClosedRequest);
            activity.SetTag("error.type", null);
            activity.SetStatus(ActivityStatusCode.Unset);
        }
        else if (request.Failure is { } failure && response.StatusCode >= 500)
        {
            // The instrumentation doesn't see an exception that the exception handler answers.
            activity.SetTag("error.type", failure.GetType().FullName);
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
        request.Failure = failure;
        request.Aborted = failure is OperationCanceledException && context.RequestAborted.IsCancellationRequested;
        var status = request.Aborted ? StatusCodes.Status499ClientClosedRequest
            : failure is not null && context.Response.StatusCode < 400 ? StatusCodes.Status500InternalServerError
            : context.Response.StatusCode;
        metrics.Finished(context, route, status, duration, request.Aborted ? null : failure);
    }
}
