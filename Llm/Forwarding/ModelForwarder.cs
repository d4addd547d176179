using System.Buffers;
using System.Net.Http.Headers;
using OsMEN.Llm.Pipeline;

namespace OsMEN.Llm.Forwarding;

/// <summary>
/// Hands requests in OpenAI's wire format on to providers who speak it, as bytes: nothing of the request or the answer is made into objects, so
/// fields that this build does not know pass too. Calls are metered and priced by the rules of <see cref="ChatClients"/>.
/// </summary>
public sealed class ModelForwarder(LlmOptions options, PriceTable prices, TimeProvider time) : IDisposable
{
    private const int MaxAnswer = 64 << 20;

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly HttpClient _http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5), UseCookies = false, AllowAutoRedirect = false })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private readonly Dictionary<string, Platform> _platforms = new(StringComparer.Ordinal)
    {
        [Platforms.OpenAI] = Platform.At(options.OpenAIAddress, options.OpenAIKey),
        [Platforms.Azure] = Platform.At(options.AzureAddress is { } azure ? new Uri(azure, "/openai/v1") : options.OpenAIAddress, options.AzureKey),
        [Platforms.Ollama] = Platform.At(options.OllamaAddress is { } ollama ? new Uri(ollama, "/v1") : options.OpenAIAddress, null),
    };

    private readonly ForwardDrains _drains = new();

    /// <summary>How many answers are read on now whose clients have left.</summary>
    internal int Draining => _drains.Now;

    /// <summary>Whether a model's platform is configured and speaks OpenAI's wire format.</summary>
    public bool Serves(ModelName model) => options.IsAvailable(model.Platform) && _platforms.ContainsKey(model.Platform);

    /// <summary>One call, not repeated. Returns when the answer is there, or has begun if it is a stream.</summary>
    /// <param name="operation"><c>chat</c> or <c>embeddings</c>.</param>
    /// <param name="onCall">Told of the call at its end, whatever it is, from any thread.</param>
    /// <param name="maxOutputTokens">A limit for an answer for which the client set none; null adds none.</param>
    /// <param name="cancellationToken">The client's: when it leaves, an answer that has begun is still read to its usage.</param>
    /// <exception cref="LlmException">It failed before anything was handed on.</exception>
    public async Task<ForwardedAnswer> SendAsync(
        ModelName model, string operation, ForwardRequest request, Action<LlmCall> onCall, long? maxOutputTokens, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var meter = new ForwardMeter(model, options.HostOf(model), request, prices, Tokenizers.For(options, model), time, onCall);
        var span = ForwardSpans.Start(operation, model, options.AddressOf(model.Platform));
        var patience = new ForwardPatience(options, request.IsStream, _drains, time);
        HttpResponseMessage? response = null;
        try
        {
            patience.Watch(cancellationToken);
            using var message = Message(model, operation, request, maxOutputTokens);

            // The client left while its budget was checked. Nothing is sent, and the report releases the reservation.
            if (patience.HasLeft)
                throw new OperationCanceledException(cancellationToken);
            patience.ExpectProvider();
            meter.IsSent = true;
            response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            if (!response.IsSuccessStatusCode)
            {
                meter.Refuse();
                throw await ProviderRefusal.ReadAsync(response, time, patience.Token);
            }

            return await TakeAsync(request, meter, patience, response, span);
        }
        catch (Exception e)
        {
            if (e is HttpRequestException { HttpRequestError: not HttpRequestError.ResponseEnded })
                meter.Refuse();
            var error = Translate(e, patience);
            if (meter.End(patience.HasLeft ? LlmCallStatus.Cancelled : LlmCallStatus.Error, error is LlmException llm ? llm.Kind.ToString() : null) is { } call)
                ForwardSpans.Tell(span, call);
            response?.Dispose();
            patience.Dispose();
            span?.Dispose();
            if (ReferenceEquals(error, e))
                throw;
            throw error;
        }
    }

    public void Dispose() => _http.Dispose();

    private static async Task<ForwardedAnswer> TakeAsync(
        ForwardRequest request, ForwardMeter meter, ForwardPatience patience, HttpResponseMessage response, System.Diagnostics.Activity? span)
    {
        var type = response.Content.Headers.ContentType?.MediaType;
        if (!ProviderErrors.IsOfModel(response))
            throw new LlmException(LlmErrorKind.Unavailable, $"{response.RequestMessage?.RequestUri?.Authority} answered {type ?? "without a type"}, which no model speaks: is it the right address?");
        meter.IsAccepted = true;
        var stream = await response.Content.ReadAsStreamAsync(patience.Token);
        if (type == "text/event-stream" || (request.IsStream && type?.EndsWith("json", StringComparison.OrdinalIgnoreCase) != true))
        {
            var answer = new ForwardedAnswer(request, meter, patience, response, span, stream);
            if (await answer.BeginAsync())
                return answer;
            throw new LlmException(LlmErrorKind.Interrupted, "The answer stopped before its first event.");
        }

        var body = await ReadAllAsync(stream, response.Content.Headers.ContentLength, patience);
        if (AnswerErrors.Find(body.Span, response.RequestMessage?.RequestUri?.Authority) is { } error)
        {
            meter.Refuse();
            throw error;
        }

        if (!meter.Scanner.Scan(body.Span, isChunk: false, out _))
            throw new LlmException(LlmErrorKind.Malformed, $"{response.RequestMessage?.RequestUri?.Authority} answered what is no JSON object.");
        var call = meter.End(patience.HasLeft ? LlmCallStatus.Cancelled : LlmCallStatus.Ok);
        ForwardSpans.Tell(span, call!);
        return new ForwardedAnswer(request, meter, patience, response, span, body);
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAllAsync(Stream stream, long? length, ForwardPatience patience)
    {
        var buffer = new ArrayBufferWriter<byte>((int)Math.Clamp(length + 1 ?? 4096, 256, MaxAnswer));
        while (true)
        {
            patience.ExpectProvider();
            var count = await stream.ReadAsync(buffer.GetMemory(), patience.Token);
            if (count == 0)
                return buffer.WrittenMemory;
            buffer.Advance(count);
            if (buffer.WrittenCount > MaxAnswer)
                throw new LlmException(LlmErrorKind.Unavailable, $"The answer is larger than {MaxAnswer} bytes.");
        }
    }

    private static Exception Translate(Exception e, ForwardPatience patience) => e switch
    {
        LlmException => e,
        _ when patience.HasLeft => e as OperationCanceledException ?? new OperationCanceledException(e.Message, e),
        OperationCanceledException => patience.Late(e),
        HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } => new LlmException(LlmErrorKind.Interrupted, "The answer broke off.", e),
        HttpRequestException http => new LlmException(LlmErrorKind.Unavailable, $"The provider could not be reached: {http.HttpRequestError}.", e),
        IOException => new LlmException(LlmErrorKind.Interrupted, "The answer broke off.", e),
        _ => e,
    };

    private HttpRequestMessage Message(ModelName model, string operation, ForwardRequest request, long? maxOutputTokens)
    {
        var platform = _platforms[model.Platform];

        // OpenAI's reasoning models take the new name only; the others who speak its format know the old one.
        var field = model.Platform == Platforms.Azure || options.OpenAIAddress.Host == "api.openai.com" ? "max_completion_tokens" : "max_tokens";
        var content = new ByteArrayContent(request.For(model.Model, maxOutputTokens is { } most ? (field, most) : null));
        content.Headers.ContentType = Json;
        var message = new HttpRequestMessage(HttpMethod.Post, operation == "chat" ? platform.Chat : platform.Embeddings) { Content = content };
        message.Headers.Authorization = platform.Key;
        return message;
    }

    private sealed record Platform(Uri Chat, Uri Embeddings, AuthenticationHeaderValue? Key)
    {
        public static Platform At(Uri address, string? key)
        {
            var text = address.ToString().TrimEnd('/');
            return new(new Uri(text + "/chat/completions"), new Uri(text + "/embeddings"), key is null ? null : new AuthenticationHeaderValue("Bearer", key));
        }
    }
}
