using System.Data.Common;
using Microsoft.AspNetCore.Diagnostics;
using OsMEN.Executions;
using OsMEN.Executions.Health;

namespace OsMEN.Gateway.Problems;

/// <summary>What an exception means to the caller. Details stay in the log.</summary>
internal sealed partial class Failures(ExecutionSchema schema, WriteOutage outage, ILogger<Failures> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        switch (exception)
        {
            case BadHttpRequestException bad:
                await ProblemResponse.WriteAsync(httpContext, bad.StatusCode, bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? "The body is too large." : "The request is not valid.");
                return true;
            case OperationCanceledException when httpContext.RequestAborted.IsCancellationRequested:
                return true;
            case var _ when StoreFault.Is(exception) || (exception is DbException && !schema.Ready.IsCompletedSuccessfully):
                LogUnavailable(logger, exception);
                outage.Note(exception);
                ProblemResponse.SetRetryAfter(httpContext, TimeSpan.FromSeconds(1));
                await ProblemResponse.WriteAsync(
                    httpContext,
                    StatusCodes.Status503ServiceUnavailable,
                    StoreFault.RefusesWrites(exception)
                        ? "The database cannot write now: its disk is full or it is read-only. Nothing was changed that was not confirmed."
                        : "The database does not answer; nothing was changed that was not confirmed.");
                return true;
            default:
                LogFailed(logger, exception);
                await ProblemResponse.WriteAsync(httpContext, StatusCodes.Status500InternalServerError, "The request failed; its request id finds the reason in the log.");
                return true;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A request failed")]
    private static partial void LogFailed(ILogger logger, Exception e);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A request failed because the database does not answer or cannot write")]
    private static partial void LogUnavailable(ILogger logger, Exception e);
}
