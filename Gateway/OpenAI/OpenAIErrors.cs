using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using OsMEN.Gateway.Problems;
using OsMEN.Llm;

namespace OsMEN.Gateway.OpenAI;

/// <summary>Problems of the paths under <c>/v1</c>, whoever found them, in OpenAI's shape: <c>{"error":{"message","type","param","code"}}</c>.</summary>
internal sealed class OpenAIErrors : IProblemDetailsWriter
{
    private const string Root = "/v1";
    private const string Code = "code";
    private const string Param = "param";

    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An error that names the field that is wrong, or has a code of its own.</summary>
    public static IResult Create(int status, string message, string? code = null, string? param = null)
    {
        var more = new Dictionary<string, object?>(StringComparer.Ordinal);
        if (code is not null)
            more[Code] = code;
        if (param is not null)
            more[Param] = param;
        return ProblemResponse.Create(status, message, more);
    }

    public static IResult Invalid(string param, string message) =>
        Create(StatusCodes.Status400BadRequest, param.Length == 0 ? $"The body {message}." : $"{param} {message}.", "invalid_value", param.Length == 0 ? null : param);

    public static IResult UnknownModel(string model) =>
        Create(StatusCodes.Status404NotFound, $"There is no model '{Short(model)}' here; GET /v1/models lists what there is.", "model_not_found", "model");

    /// <summary>Why a model did not answer.</summary>
    public static IResult Of(LlmException e, HttpContext context)
    {
        if (e.Kind == LlmErrorKind.RateLimited)
            ProblemResponse.SetRetryAfter(context, e.RetryAfter ?? TimeSpan.FromSeconds(1));
        return Create(StatusOf(e), e.Message, e.Code ?? CodeOf(e), e.Parameter);
    }

    /// <summary>The same in a stream that has begun.</summary>
    public static void WriteEvent(IBufferWriter<byte> body, LlmException e) => WriteEvent(body, StatusOf(e), e.Message, e.Code ?? CodeOf(e));

    public static void WriteEvent(IBufferWriter<byte> body, int status, string message, string? code)
    {
        body.Write("data: "u8);
        Write(body, status, message, code, null);
        body.Write("\n\n"u8);
    }

    public bool CanWrite(ProblemDetailsContext context) => context.HttpContext.Request.Path.StartsWithSegments(Root, StringComparison.OrdinalIgnoreCase);

    public async ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var response = context.HttpContext.Response;
        var problem = context.ProblemDetails;
        var status = problem.Status ?? response.StatusCode;
        var (unknown, unknownCode) = Unknown(context.HttpContext, status);
        var param = Extension(problem, Param) ?? (problem as HttpValidationProblemDetails)?.Errors.Keys.FirstOrDefault(k => k.Length > 0);
        response.ContentType = "application/json";
        Write(response.BodyWriter, status, problem.Detail ?? unknown ?? problem.Title ?? "The request failed.", Extension(problem, Code) ?? (problem.Detail is null ? unknownCode : null), param);
        await response.BodyWriter.FlushAsync(context.HttpContext.RequestAborted);
    }

    // A path or a method that no endpoint has is a status without a detail.
    private static (string? Message, string? Code) Unknown(HttpContext context, int status)
    {
        var (message, code) = status switch
        {
            StatusCodes.Status404NotFound => ("Unknown request URL", "unknown_url"),
            StatusCodes.Status405MethodNotAllowed => ("Method not supported", "method_not_supported"),
            _ => (null, null),
        };
        if (message is null)
            return (null, null);
        var supported = context.RequestServices.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText?.StartsWith($"{Root}/", StringComparison.Ordinal) == true)
            .SelectMany(e => (e.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? []).Select(m => $"{m} {e.RoutePattern.RawText!.Replace("{**", "{", StringComparison.Ordinal)}"));
        return ($"{message}: {context.Request.Method} {Short(context.Request.Path)}. Supported: {string.Join(", ", supported.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))}.", code);
    }

    private static void Write(IBufferWriter<byte> body, int status, string message, string? code, string? param)
    {
        using var writer = new Utf8JsonWriter(body, Writing);
        writer.WriteStartObject();
        writer.WriteStartObject("error"u8);
        writer.WriteString("message"u8, message);
        writer.WriteString("type"u8, TypeOf(status));
        writer.WriteString("param"u8, param);
        writer.WriteString("code"u8, code ?? CodeOf(status));
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static string? Extension(ProblemDetails problem, string name) => problem.Extensions.TryGetValue(name, out var value) ? value as string : null;

    private static int StatusOf(LlmException e) => e.Kind switch
    {
        LlmErrorKind.NotConfigured or LlmErrorKind.NotFound => StatusCodes.Status404NotFound,
        LlmErrorKind.BadRequest or LlmErrorKind.ContentFiltered => StatusCodes.Status400BadRequest,
        LlmErrorKind.BudgetExceeded => StatusCodes.Status402PaymentRequired,
        LlmErrorKind.RateLimited => StatusCodes.Status429TooManyRequests,
        LlmErrorKind.Timeout => StatusCodes.Status504GatewayTimeout,

        // Also where the provider refused our key: the client's own is good.
        _ => StatusCodes.Status502BadGateway,
    };

    private static string? CodeOf(LlmException e) => e.Kind switch
    {
        LlmErrorKind.NotConfigured or LlmErrorKind.NotFound => "model_not_found",
        LlmErrorKind.ContentFiltered => "content_filter",
        LlmErrorKind.BadRequest or LlmErrorKind.RateLimited or LlmErrorKind.BudgetExceeded => null,
        _ => "provider_" + JsonNamingPolicy.SnakeCaseLower.ConvertName(e.Kind.ToString()),
    };

    private static string TypeOf(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status402PaymentRequired => "insufficient_quota",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };

    private static string? CodeOf(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "invalid_api_key",
        StatusCodes.Status402PaymentRequired => "insufficient_quota",
        StatusCodes.Status413PayloadTooLarge => "request_too_large",
        StatusCodes.Status429TooManyRequests => "rate_limit_exceeded",
        _ => null,
    };

    private static string Short(string text) => text.Length <= 200 ? text : text[..200] + "…";
}
