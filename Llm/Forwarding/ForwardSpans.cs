using System.Diagnostics;
using OsMEN.Llm.Pipeline;

namespace OsMEN.Llm.Forwarding;

/// <summary>One client span for a forwarded call, with the attributes that <see cref="TracingChatClient"/> sets, but without messages.</summary>
internal static class ForwardSpans
{
    private static readonly ActivitySource Source = new(TracingChatClient.SourceName);

    public static Activity? Start(string operation, ModelName model, Uri? server)
    {
        var span = Source.StartActivity($"{operation} {model.Model}", ActivityKind.Client);
        if (span is { IsAllDataRequested: true })
            TracingChatClient.SetRequest(span, operation, model, server);
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
