using System.Collections.Concurrent;
using Microsoft.Extensions.AI;
using OsMEN.Llm.Budgets;
using OsMEN.Llm.Fallback;
using OsMEN.Llm.Pipeline;
using OsMEN.Llm.Providers;

namespace OsMEN.Llm;

/// <summary>
/// Gives chat clients by model name. Each is a chain of delegating clients in a fixed order: tracing (one <c>chat</c> span a
/// request), budgets, metering (one <see cref="LlmCall"/> for each call that a provider got), time limits, provider.
/// </summary>
public sealed class ChatClients : IDisposable
{
    // Models are named by agents and callers: without a bound a caller could fill the memory with names.
    private const int MaxProviders = 1000;

    private readonly ConcurrentDictionary<ModelName, IChatClient> _providers = new();
    private readonly HttpClient _http;
    private readonly LlmOptions _options;
    private readonly PriceTable _prices;
    private readonly TimeProvider _time;
    private readonly IBudgetGate? _budgets;

    /// <param name="budgets">What calls with a <see cref="BudgetSubject"/> have to pass; null lets everything pass.</param>
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
    }

    /// <summary>The model of whoever names none.</summary>
    public ModelName Default => _options.DefaultModel;

    /// <summary>
    /// A client for an ordered list of models, each request to the first that answers: <see cref="ModelCalls"/> decides, and repeats.
    /// <paramref name="onCall"/> is told of every call that was made, also failed, repeated and abandoned ones, from any thread. Disposing the
    /// client does nothing.
    /// </summary>
    /// <param name="subject">On whose account; null passes no budget.</param>
    public IChatClient Get(IReadOnlyList<ModelName> models, ModelCalls calls, Action<LlmCall> onCall, BudgetSubject? subject = null)
    {
        ArgumentNullException.ThrowIfNull(calls);
        return new FallbackChatClient(models, model => GetOnce(model, call => { calls.Spent(call); onCall(call); }, subject), calls);
    }

    /// <summary>The same for one model, whose calls are made once: for who repeats them by <see cref="ModelCalls"/>.</summary>
    public IChatClient GetOnce(ModelName model, Action<LlmCall> onCall, BudgetSubject? subject = null)
    {
        if (_providers.Count > MaxProviders)
            _providers.Clear();
        var provider = _providers.GetOrAdd(model, static (n, self) => new TimeLimitChatClient(self.Create(n), self._options, self._time), this);
        IChatClient Metered(IChatClient inner, Action<LlmCall> told) => new MeteringChatClient(inner, model, _options.HostOf(model), _prices, told, _time);
        var counted = subject is null || _budgets is null
            ? Metered(provider, onCall)
            : new BudgetChatClient(provider, Metered, model, _options.HostOf(model), _prices, _budgets, subject, onCall, _time);
        return new TracingChatClient(counted, model, _options.AddressOf(model.Platform), _options.CapturesContent);
    }

    public void Dispose()
    {
        foreach (var provider in _providers.Values)
            provider.Dispose();
        _http.Dispose();
    }

    private IChatClient Create(ModelName name) => name.Platform switch
    {
        Platforms.Anthropic => AnthropicProvider.Create(_options, name.Model, _http),
        Platforms.Azure => OpenAIChatClient.Create(new Uri(_options.AzureAddress!, "/openai/v1/"), _options.AzureKey, name.Model, _http),
        Platforms.Ollama => OpenAIChatClient.Create(new Uri(_options.OllamaAddress!, "/v1/"), null, name.Model, _http),
        Platforms.OpenAI => OpenAIChatClient.Create(_options.OpenAIAddress, _options.OpenAIKey, name.Model, _http),
        _ => name.Model == ModelName.Offline.Model
            ? new ExtractiveChatClient()
            : throw new LlmException(LlmErrorKind.NotConfigured, $"Platform offline has one model, {ModelName.Offline}."),
    };
}
