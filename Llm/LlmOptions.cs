using System.Globalization;
using Microsoft.Extensions.Configuration;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.Llm;

/// <summary>
/// Which models can be called and how long to wait for them. Read from flat keys, as the providers' own tools name them;
/// a platform is available when its key or address is set, <c>offline</c> always.
/// </summary>
public sealed record LlmOptions
{
    /// <summary><c>OSMEN_DEFAULT_MODEL</c>: what agents without a model of their own use. Default <c>offline/extractive</c>.</summary>
    public ModelName DefaultModel { get; init; } = ModelName.Offline;

    /// <summary><c>OPENAI_API_KEY</c>.</summary>
    public string? OpenAIKey { get; init; }

    /// <summary><c>OPENAI_BASE_URL</c>: any server that speaks OpenAI's API, such as vLLM.</summary>
    public Uri OpenAIAddress { get; init; } = new("https://api.openai.com/v1");

    /// <summary><c>ANTHROPIC_API_KEY</c>.</summary>
    public string? AnthropicKey { get; init; }

    /// <summary><c>ANTHROPIC_BASE_URL</c>.</summary>
    public Uri AnthropicAddress { get; init; } = new("https://api.anthropic.com");

    /// <summary><c>AZURE_OPENAI_API_KEY</c>.</summary>
    public string? AzureKey { get; init; }

    /// <summary><c>AZURE_OPENAI_ENDPOINT</c>, such as <c>https://contoso.openai.azure.com</c>; the model is the deployment's name.</summary>
    public Uri? AzureAddress { get; init; }

    /// <summary><c>OLLAMA_HOST</c>, such as <c>http://127.0.0.1:11434</c>.</summary>
    public Uri? OllamaAddress { get; init; }

    /// <summary><c>LLM_TIMEOUT</c>: the longest a call may take. Default 5 min.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary><c>LLM_IDLE_TIMEOUT</c>: the longest silence before the first and between two pieces of an answer. Default 1 min.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary><c>LLM_MAX_RETRIES</c>: how often a call is repeated that failed before it had answered anything. Default 2.</summary>
    public int MaxRetries { get; init; } = 2;

    /// <summary>
    /// <c>OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT</c>: whether spans record instructions, messages, tool definitions, tool arguments
    /// and tool results. They may contain personal data. Default true in Development, else false.
    /// </summary>
    public bool CapturesContent { get; init; }

    /// <summary>
    /// <c>LLM_TOKENIZER</c>: whether usage that no provider reported is counted with the model's own tokenizer, where it is published (OpenAI's
    /// models), instead of estimated at four characters per token. Takes 50 MB of memory for each vocabulary. Default false.
    /// </summary>
    public bool CountsTokens { get; init; }

    /// <summary>Platforms that can be called, in the order of <see cref="Platforms.All"/>.</summary>
    public IReadOnlyList<string> Available => [.. Platforms.All.Where(IsAvailable)];

    /// <summary>Reads the keys named above.</summary>
    /// <param name="isDevelopment">Whether the host's environment is Development.</param>
    /// <exception cref="ConfigurationException">A key holds what cannot be used; the message is one line that names it, and never a secret's value.</exception>
    public static LlmOptions Read(IConfiguration configuration, bool isDevelopment = false)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var defaults = new LlmOptions();
        var options = defaults with
        {
            OpenAIKey = Text(configuration, "OPENAI_API_KEY"),
            OpenAIAddress = Address(configuration, "OPENAI_BASE_URL") ?? defaults.OpenAIAddress,
            AnthropicKey = Text(configuration, "ANTHROPIC_API_KEY"),
            AnthropicAddress = Address(configuration, "ANTHROPIC_BASE_URL") ?? defaults.AnthropicAddress,
            AzureKey = Text(configuration, "AZURE_OPENAI_API_KEY"),
            AzureAddress = Address(configuration, "AZURE_OPENAI_ENDPOINT"),
            OllamaAddress = Address(configuration, "OLLAMA_HOST"),
            Timeout = Seconds(configuration, "LLM_TIMEOUT") ?? defaults.Timeout,
            IdleTimeout = Seconds(configuration, "LLM_IDLE_TIMEOUT") ?? defaults.IdleTimeout,
            MaxRetries = Retries(configuration) ?? defaults.MaxRetries,
            CapturesContent = Flag(configuration, "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT") ?? isDevelopment,
            CountsTokens = Flag(configuration, "LLM_TOKENIZER") ?? false,
        };
        if (Text(configuration, "OSMEN_DEFAULT_MODEL") is not { } model)
            return options;
        if (!ModelName.TryParse(model, out var name) || !options.IsAvailable(name.Platform))
            throw new ConfigurationException("OSMEN_DEFAULT_MODEL", model, $"platform/model with a platform that is configured here: {string.Join(", ", options.Available)}");
        return options with { DefaultModel = name };
    }

    /// <summary>Whether calls to a platform can be made.</summary>
    public bool IsAvailable(string platform) => platform switch
    {
        // A server of one's own needs no key.
        Platforms.OpenAI => OpenAIKey is not null || OpenAIAddress.Host != "api.openai.com",
        Platforms.Anthropic => AnthropicKey is not null,
        Platforms.Azure => AzureKey is not null && AzureAddress is not null,
        Platforms.Ollama => OllamaAddress is not null,
        Platforms.Offline => true,
        _ => false,
    };

    /// <summary>Where requests to a platform go; null for <c>offline</c>.</summary>
    public Uri? AddressOf(string platform) => platform switch
    {
        Platforms.OpenAI => OpenAIAddress,
        Platforms.Anthropic => AnthropicAddress,
        Platforms.Azure => AzureAddress,
        Platforms.Ollama => OllamaAddress,
        _ => null,
    };

    /// <summary>
    /// The model under the name of the provider whose address <c>OPENAI_BASE_URL</c> is: at api.deepseek.com <c>openai/deepseek-chat</c> costs what
    /// <c>deepseek/deepseek-chat</c> does. Null where the address says nothing.
    /// </summary>
    public ModelName? HostOf(ModelName model) => model.Platform != Platforms.OpenAI ? null : OpenAIAddress.Host switch
    {
        "api.deepseek.com" => new ModelName("deepseek", model.Model),
        "api.mistral.ai" => new ModelName("mistral", model.Model),
        "generativelanguage.googleapis.com" => new ModelName("gemini", model.Model.StartsWith("models/", StringComparison.Ordinal) ? model.Model[7..] : model.Model),
        _ => null,
    };

    /// <summary>Names what is set, no secret.</summary>
    public override string ToString() => $"default {DefaultModel}, available {string.Join(", ", Available)}";

    private static string? Text(IConfiguration configuration, string key) =>
        configuration[key]?.Trim() is { Length: > 0 } text ? text : null;

    private static Uri? Address(IConfiguration configuration, string key)
    {
        if (Text(configuration, key) is not { } text)
            return null;

        // Ollama's own variable is often a bare host and port.
        var full = text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text;
        return Uri.TryCreate(full, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" && address.UserInfo.Length == 0
            ? address
            : throw ConfigurationException.Secret(key, "an address such as https://api.example.com/v1, without user and password");
    }

    private static TimeSpan? Seconds(IConfiguration configuration, string key)
    {
        if (Text(configuration, key) is not { } text)
            return null;
        var unit = text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, _ => 0 };
        return unit > 0 && double.TryParse(text.AsSpan(0, text.Length - 1), CultureInfo.InvariantCulture, out var value) && value * unit is > 0 and <= 86400
            ? TimeSpan.FromSeconds(value * unit)
            : throw new ConfigurationException(key, text, "a duration such as 30s, 5m or 1h, at most 24h");
    }

    private static int? Retries(IConfiguration configuration)
    {
        const string key = "LLM_MAX_RETRIES";
        if (Text(configuration, key) is not { } text)
            return null;
        return int.TryParse(text, CultureInfo.InvariantCulture, out var value) && value is >= 0 and <= 10
            ? value
            : throw new ConfigurationException(key, text, "a whole number from 0 to 10");
    }

    private static bool? Flag(IConfiguration configuration, string key) => Text(configuration, key)?.ToLowerInvariant() switch
    {
        null => null,
        "false" or "0" => false,
        "true" or "1" => true,
        var text => throw new ConfigurationException(key, text, "true or false"),
    };
}
