using System.Diagnostics;
using OsMEN.ServiceDefaults;

namespace OsMEN.Llm.Forwarding;

/// <summary>
/// One client span for a forwarded call, with the attributes that other model calls have, but without messages
/// (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/).
/// </summary>
internal static class ForwardSpans
{
    private static readonly ActivitySource Source = new($"{ServiceIdentity.Solution}.Llm");

    public static Activity? Start(string operation, ModelName model, Uri? server)
    {
        var span = Source.StartActivity($"{operation} {model.Model}", ActivityKind.Client);
        if (span is { IsAllDataRequested: true })
        {
            span.SetTag("gen_ai.operation.name", operation);
            span.SetTag("gen_ai.provider.name", model.ProviderName);
            span.SetTag("gen_ai.request.model", model.Model);
            span.SetTag("server.address", server?.Host);
            span.SetTag("server.port", server?.Port);
        }

        return span;
    }

    public static void Tell(Activity? span, LlmCall call)
    {
        if (span is not { IsAllDataRequested: true })
            return;
        span.SetTag("gen_ai.response.model", call.Model);
        if (call.Tokens.Total > 0)
        {
            span.SetTag("gen_ai.usage.input_tokens", call.Tokens.Input);
            span.SetTag("gen_ai.usage.output_tokens", call.Tokens.Output);
        }

        if (call.Status != LlmCallStatus.Error)
            return;
        span.SetTag("error.type", call.Error);
        span.SetStatus(ActivityStatusCode.Error);
    }
}
