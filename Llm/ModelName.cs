namespace OsMEN.Llm;

/// <summary>A model and who serves it, written <c>platform/model</c>: <c>openai/gpt-5-mini</c>, <c>ollama/qwen3:8b</c>, <c>offline/extractive</c>.</summary>
public readonly record struct ModelName(string Platform, string Model)
{
    /// <summary>Needs no key and no network: answers by extraction from its input.</summary>
    public static readonly ModelName Offline = new(Platforms.Offline, "extractive");

    /// <summary>The platform as OpenTelemetry calls it (<c>gen_ai.provider.name</c>).</summary>
    public string ProviderName => ProviderNameOf(Platform);

    internal static string ProviderNameOf(string platform) => platform == Platforms.Azure ? "azure.ai.openai" : platform;

    /// <summary>Splits at the first slash: a model's own name may have more of them.</summary>
    public static bool TryParse(string? text, out ModelName name)
    {
        name = default;
        if (text is null || text.Length > 200 || text.AsSpan().ContainsAny('\n', '\r', ' '))
            return false;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || slash == text.Length - 1)
            return false;
        name = new ModelName(text[..slash].ToLowerInvariant(), text[(slash + 1)..]);
        return Platforms.All.Contains(name.Platform);
    }

    public override string ToString() => $"{Platform}/{Model}";
}

/// <summary>The providers that models can be had from.</summary>
public static class Platforms
{
    public const string OpenAI = "openai";
    public const string Azure = "azure";
    public const string Ollama = "ollama";
    public const string Anthropic = "anthropic";
    public const string Offline = "offline";

    /// <summary>Every platform that this build can speak to.</summary>
    public static readonly IReadOnlyList<string> All = [OpenAI, Anthropic, Azure, Ollama, Offline];
}
