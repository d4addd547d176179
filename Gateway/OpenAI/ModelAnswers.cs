using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OsMEN.Llm;
using OsMEN.Llm.Forwarding;

namespace OsMEN.Gateway.OpenAI;

/// <summary>An answer of a model that has begun, or is there.</summary>
internal interface IModelAnswer : IAsyncDisposable
{
    Task WriteAsync(HttpResponse response, CancellationToken cancellationToken);

    static void StartStream(HttpResponse response)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        response.Headers["X-Accel-Buffering"] = "no";
    }

    // The status is gone: the clients' libraries raise what comes as an event.
    static async Task FailAsync(PipeWriter body, LlmException e, CancellationToken cancellationToken)
    {
        OpenAIErrors.WriteEvent(body, e);
        await body.FlushAsync(cancellationToken);
    }
}

/// <summary>One that is passed on as bytes.</summary>
internal sealed class PassedAnswer(ForwardedAnswer answer) : IModelAnswer
{
    public async Task WriteAsync(HttpResponse response, CancellationToken cancellationToken)
    {
        if (!answer.IsStream)
        {
            response.ContentType = "application/json";
            response.ContentLength = answer.Body.Length;
            await response.BodyWriter.WriteAsync(answer.Body, cancellationToken);
            return;
        }

        IModelAnswer.StartStream(response);
        try
        {
            await answer.WriteAsync(response.BodyWriter, cancellationToken);
        }
        catch (LlmException e)
        {
            await IModelAnswer.FailAsync(response.BodyWriter, e, cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => answer.DisposeAsync();
}

/// <summary>One of a platform that speaks otherwise.</summary>
internal sealed class TranslatedAnswer : IModelAnswer
{
    private readonly IChatClient _client;
    private readonly ModelName _model;
    private readonly ForwardRequest _request;
    private readonly CompletionWriter _writer;
    private readonly JsonDocument _json;
    private TokenUsage _used;
    private ChatResponse? _whole;
    private IAsyncEnumerator<ChatResponseUpdate>? _updates;
    private bool _any;

    public TranslatedAnswer(ChatClients clients, ModelName model, ForwardRequest request, BudgetSubject subject, Action<LlmCall> onCall, TimeProvider time)
    {
        _model = model;
        _request = request;
        _json = JsonDocument.Parse(request.Json);
        _client = clients.GetOnce(model, call =>
        {
            _used += call.Tokens;
            onCall(call);
        }, subject);
        var now = time.GetUtcNow();
        _writer = new CompletionWriter(CompletionWriter.NewId(Guid.CreateVersion7(now)), now, request.Model, request.WantsUsage);
    }

    /// <summary>Waits for the answer, or the first piece of it: before, a failure still has its status, and another model may be asked.</summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        var chat = ChatRequest.Read(_json.RootElement, _model);
        if (!_request.IsStream)
        {
            _whole = await _client.GetResponseAsync(chat.Messages, chat.Options, cancellationToken);
            return;
        }

        _updates = _client.GetStreamingResponseAsync(chat.Messages, chat.Options, cancellationToken).GetAsyncEnumerator(cancellationToken);
        try
        {
            _any = await _updates.MoveNextAsync();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async Task WriteAsync(HttpResponse response, CancellationToken cancellationToken)
    {
        var body = response.BodyWriter;
        if (_whole is { } whole)
        {
            var calls = whole.Messages.SelectMany(m => m.Contents).OfType<FunctionCallContent>().ToArray();
            response.ContentType = "application/json";
            _writer.Whole(body, whole.Text, calls, CompletionWriter.ReasonOf(calls.Length > 0 ? ChatFinishReason.ToolCalls : whole.FinishReason), _used);
            await body.FlushAsync(cancellationToken);
            return;
        }

        IModelAnswer.StartStream(response);
        try
        {
            await StreamAsync(body, cancellationToken);
        }
        catch (LlmException e)
        {
            await IModelAnswer.FailAsync(body, e, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_updates is not null)
            await _updates.DisposeAsync();
        _json.Dispose();
    }

    private async Task StreamAsync(PipeWriter body, CancellationToken cancellationToken)
    {
        ChatFinishReason? reason = null;
        var toolCalls = 0;
        _writer.Role(body);
        for (var more = _any; more; more = await _updates!.MoveNextAsync())
        {
            var update = _updates!.Current;
            reason = update.FinishReason ?? reason;
            if (update.Text is { Length: > 0 } text)
                _writer.Text(body, text);
            if (update.Contents.OfType<FunctionCallContent>().ToArray() is { Length: > 0 } calls)
            {
                _writer.ToolCalls(body, calls, toolCalls);
                toolCalls += calls.Length;
            }

            await body.FlushAsync(cancellationToken);
        }

        _writer.Finish(body, CompletionWriter.ReasonOf(toolCalls > 0 ? ChatFinishReason.ToolCalls : reason));
        _writer.End(body, _used);
        await body.FlushAsync(cancellationToken);
    }
}
