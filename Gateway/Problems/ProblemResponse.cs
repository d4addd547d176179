using System.Diagnostics;
using System.Globalization;

namespace OsMEN.Gateway.Problems;

/// <summary>Problem details (RFC 9457) with <c>traceId</c> and <c>requestId</c>.</summary>
internal static class ProblemResponse
{
    public static Task WriteAsync(HttpContext context, int status, string detail, IDictionary<string, object?>? more = null) =>
        Create(status, detail, more).ExecuteAsync(context);

    public static Task TooManyAsync(HttpContext context, string detail, TimeSpan wait)
    {
        SetRetryAfter(context, wait);
        return WriteAsync(context, StatusCodes.Status429TooManyRequests, detail);
    }

    /// <summary>Seconds, rounded up.</summary>
    public static void SetRetryAfter(HttpContext context, TimeSpan wait) =>
        context.Response.Headers.RetryAfter = Math.Max((long)Math.Ceiling(wait.TotalSeconds), 1).ToString(CultureInfo.InvariantCulture);

    public static IResult Create(int status, string detail, IDictionary<string, object?>? more = null) => Results.Problem(detail, statusCode: status, extensions: more);

    /// <summary>400 with an <c>errors</c> object: field to reasons.</summary>
    public static IResult Invalid(IEnumerable<(string Field, string Message)> errors)
    {
        var byField = errors.GroupBy(e => e.Field, e => e.Message, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.ToArray(), StringComparer.Ordinal);
        return Results.ValidationProblem(byField, detail: string.Join("; ", byField.Take(5).Select(e => e.Key.Length == 0 ? e.Value[0] : $"{e.Key} {e.Value[0]}")));
    }

    public static IResult Invalid(string field, string message) => Invalid([(field, message)]);

    public static IResult NotFound(string what) => Create(StatusCodes.Status404NotFound, what);

    internal static void Complete(ProblemDetailsContext context)
    {
        // The framework adds its own under the policy of the names of fields.
        context.ProblemDetails.Extensions.Remove("trace_id");
        context.ProblemDetails.Extensions["traceId"] = Activity.Current?.TraceId.ToHexString() ?? context.HttpContext.TraceIdentifier;
        context.ProblemDetails.Extensions["requestId"] = context.HttpContext.TraceIdentifier;
    }
}
