using System.Collections.Concurrent;
using Microsoft.Extensions.AI;
using OsMEN.Llm.Pipeline;
using OsMEN.Llm.Providers;

namespace OsMEN.Llm;

/// <summary>
/// Gives chat clients by model name. Each is a chain of delegating clients in a fixed order: tracing (one <c>chat</c> span a
/// request), retry, metering (one <see cref="LlmCall"/> for each call that a provider got), time limits, provider.
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

    public ChatClients(LlmOptions options, PriceTable prices, TimeProvider time)
    {
        _options = options;
        _prices = prices;
        _time = time;

        // Limits are set per call by TimeLimitChatClient; connections are renewed so that changed addresses are noticed.
        _http = new HttpClient(new ProviderErrors(time) { InnerHandler = new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) } })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>What <see cref="Get"/> takes for a null model.</summary>
    public ModelName Default => _options.DefaultModel;

    /// <summary>
    /// A client for <paramref name="model"/> (<c>platform/model</c>; null is the default). <paramref name="onCall"/> is told of every
    /// call that was made, also failed, repeated and abandoned ones, from any thread. Disposing the client does nothing.
    /// </summary>
    /// <exception cref="LlmException"><see cref="LlmErrorKind.NotConfigured"/>: there is no such platform here.</exception>
    public IChatClient Get(string? model, Action<LlmCall> onCall)
    {
        var name = Parse(model);
        if (_providers.Count > MaxProviders)
            _providers.Clear();
        var provider = _providers.GetOrAdd(name, static (n, self) => new TimeLimitChatClient(self.Create(n), self._options, self._time), this);
        return new TracingChatClient(
            new RetryChatClient(new MeteringChatClient(provider, name, _options.HostOf(name), _prices, onCall, _time), _options.MaxRetries, _time), name, _options.CapturesContent);
    }

    public void Dispose()
    {
        foreach (var provider in _providers.Values)
            provider.Dispose();
        _http.Dispose();
    }

    /// <summary>The model that <see cref="Get"/> would take.</summary>
    /// <exception cref="LlmException"><see cref="LlmErrorKind.NotConfigured"/>: there is no such platform here.</exception>
    public ModelName Parse(string? model)
    {
        if (string.IsNullOrEmpty(model))
            return _options.DefaultModel;
        if (ModelName.TryParse(model, out var name) && _options.IsAvailable(name.Platform))
            return name;
        throw new LlmException(
            LlmErrorKind.NotConfigured,
            $"Model '{model}' cannot be called: it is written platform/model, and configured here are {string.Join(", ", _options.Available)}.");
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
