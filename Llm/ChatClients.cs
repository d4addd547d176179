using Microsoft.Extensions.AI;
using OsMEN.Llm.Budgets;
using OsMEN.Llm.Fallback;
using OsMEN.Llm.Pipeline;
using OsMEN.Llm.Providers;

namespace OsMEN.Llm;

/// <summary>
/// Creates chat clients for models. Each is a chain of delegating clients in a fixed order: budgets, metering (one <see cref="LlmCall"/> for
/// each call that a provider received), tracing (one <c>chat</c> span for each call), time limits, provider.
/// </summary>
public sealed class ChatClients : IDisposable
{
    private readonly Dictionary<string, Lazy<IChatClient>> _platforms;
    private readonly HttpClient _http;
    private readonly LlmOptions _options;
    private readonly PriceTable _prices;
    private readonly TimeProvider _time;
    private readonly IBudgetGate? _budgets;

    /// <param name="budgets">Admits or refuses calls with a <see cref="BudgetSubject"/>; null admits every call.</param>
    public ChatClients(LlmOptions options, PriceTable prices, TimeProvider time, IBudgetGate? budgets = null)
    {
        _budgets = budgets;
        _options = options;
        _prices = prices;
        _time = time;

        // Limits are set per call by TimeLimitChatClient; connections are renewed so that changed addresses are noticed.
        _http = new HttpClient(new ProviderErrors(time) { InnerHandler = new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) } })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };

        // One chain per platform: a request names its model. OpenTelemetryChatClient creates a meter, so it cannot be made per call.
        _platforms = Platforms.All.ToDictionary(p => p, p => new Lazy<IChatClient>(() => Create(p)), StringComparer.Ordinal);
    }

    /// <summary>The model for requests and agents that name none.</summary>
    public ModelName Default => _options.DefaultModel;

    /// <summary>
    /// A client for an ordered list of models. <see cref="ModelCalls"/> sends each request to the first model that answers, and retries.
    /// Disposing the client does nothing.
    /// </summary>
    /// <param name="onCall">Receives every call that was made, including failed, retried and abandoned ones, on any thread.</param>
    /// <param name="subject">The account that pays; null bypasses budgets.</param>
    public IChatClient Get(IReadOnlyList<ModelName> models, ModelCalls calls, Action<LlmCall> onCall, BudgetSubject? subject = null)
    {
        ArgumentNullException.ThrowIfNull(calls);
        return new FallbackChatClient(models, model => GetOnce(model, call => { calls.Spent(call); onCall(call); }, subject), calls);
    }

    /// <summary>A client for one model that makes each call once; the caller retries with <see cref="ModelCalls"/>.</summary>
    public IChatClient GetOnce(ModelName model, Action<LlmCall> onCall, BudgetSubject? subject = null)
    {
        var provider = new ConfigureOptionsChatClient(_platforms[model.Platform].Value, o => o.ModelId = model.Model);
        IChatClient Metered(IChatClient inner, Action<LlmCall> told) => new MeteringChatClient(inner, model, _options.HostOf(model), _prices, Tokenizers.For(_options, model), told, _time);
        return subject is null || _budgets is null
            ? Metered(provider, onCall)
            : new BudgetChatClient(provider, Metered, model, _options.HostOf(model), _prices, _budgets, subject, onCall, _time);
    }

    public void Dispose()
    {
        foreach (var platform in _platforms.Values.Where(p => p.IsValueCreated))
            platform.Value.Dispose();
        _http.Dispose();
    }

    private OpenTelemetryChatClient Create(string platform)
    {
        IChatClient provider = platform switch
        {
            Platforms.Anthropic => AnthropicProvider.Create(_options, _http),
            Platforms.Azure => OpenAIChatClient.Create(new Uri(_options.AzureAddress!, "/openai/v1/"), _options.AzureKey, _http),
            Platforms.Ollama => OpenAIChatClient.Create(new Uri(_options.OllamaAddress!, "/v1/"), null, _http),
            Platforms.OpenAI => OpenAIChatClient.Create(_options.OpenAIAddress, _options.OpenAIKey, _http),
            _ => new ExtractiveChatClient(),
        };
        var described = new SpanDetailsChatClient(new TimeLimitChatClient(provider, _options, _time), ModelName.ProviderNameOf(platform), _options.AddressOf(platform));
        return new OpenTelemetryChatClient(described) { EnableSensitiveData = _options.CapturesContent };
    }
}
