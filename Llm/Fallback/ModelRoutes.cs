using System.Collections.Frozen;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.Llm.Fallback;

/// <summary>What may be asked of one platform at a time. Null is without a limit.</summary>
/// <param name="MaxConcurrency">Calls at once, 1 to 10,000.</param>
/// <param name="TokensPerMinute">Input and output together, at least 1,000.</param>
public sealed record ProviderLimits(int? MaxConcurrency, long? TokensPerMinute)
{
    /// <summary>None.</summary>
    public static readonly ProviderLimits None = new(null, null);
}

/// <summary>
/// Names for ordered lists of models, and limits of platforms, from the configuration: <c>Llm:Aliases:{name}</c> holds models in their order,
/// separated by commas; <c>Llm:Providers:{platform}:MaxConcurrency</c> and <c>:TokensPerMinute</c> limits.
/// </summary>
public sealed class ModelRoutes
{
    /// <summary>Most models that are tried for one request.</summary>
    public const int MaxModels = 8;

    private readonly LlmOptions _options;
    private readonly FrozenDictionary<string, ModelName[]> _aliases;
    private readonly FrozenDictionary<string, ProviderLimits> _limits;

    private ModelRoutes(LlmOptions options, FrozenDictionary<string, ModelName[]> aliases, FrozenDictionary<string, ProviderLimits> limits) =>
        (_options, _aliases, _limits) = (options, aliases, limits);

    /// <summary>Names that stand for models, in order.</summary>
    public IReadOnlyList<string> Aliases => [.. _aliases.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Reads the keys named above.</summary>
    /// <exception cref="ConfigurationException">A key holds what cannot be used; the message is one line that names it.</exception>
    public static ModelRoutes Read(IConfiguration configuration, LlmOptions options)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(options);
        var aliases = configuration.GetSection("Llm:Aliases").GetChildren().ToFrozenDictionary(a => a.Key, ReadAlias, StringComparer.Ordinal);
        var limits = configuration.GetSection("Llm:Providers").GetChildren().ToFrozenDictionary(
            p => Platforms.All.Contains(p.Key) ? p.Key : throw new ConfigurationException(p.Path, p.Key, $"one of {string.Join(", ", Platforms.All)}"),
            p => new ProviderLimits((int?)Number(p.GetSection("MaxConcurrency"), 1, 10_000), Number(p.GetSection("TokensPerMinute"), 1000, 1_000_000_000)),
            StringComparer.Ordinal);
        return new ModelRoutes(options, aliases, limits);
    }

    /// <summary>The limits of a platform.</summary>
    public ProviderLimits LimitsOf(string platform) => _limits.GetValueOrDefault(platform) ?? ProviderLimits.None;

    /// <summary>
    /// The models to try, in order: what <paramref name="model"/> names (null is the default), then <paramref name="fallback"/>. Those whose platform
    /// is not configured here are left out. The bare name of the default model, or of a model of an alias, works without its platform if it is
    /// unambiguous.
    /// </summary>
    /// <exception cref="LlmException"><see cref="LlmErrorKind.NotConfigured"/>: none is left.</exception>
    public IReadOnlyList<ModelName> Resolve(string? model, IReadOnlyList<string> fallback)
    {
        ArgumentNullException.ThrowIfNull(fallback);
        var names = string.IsNullOrEmpty(model) ? [_options.DefaultModel] : Find(model);
        var found = names.Concat(fallback.SelectMany(Find)).Where(m => _options.IsAvailable(m.Platform)).Distinct().Take(MaxModels).ToArray();
        return found.Length > 0 ? found : throw new LlmException(
            LlmErrorKind.NotConfigured, $"Model '{model}' cannot be called: write it as platform/model, with a platform that is configured here ({string.Join(", ", _options.Available)}).");
    }

    private static ModelName[] ReadAlias(IConfigurationSection alias)
    {
        const string allowed = "models such as openai/gpt-5-mini, separated by commas, at most 8; the alias itself has no slash";
        var texts = (alias.Value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var names = texts.Select(t => ModelName.TryParse(t, out var name) ? name : throw new ConfigurationException(alias.Path, t, allowed)).ToArray();
        return names.Length is > 0 and <= MaxModels && !alias.Key.Contains('/', StringComparison.Ordinal) ? names : throw new ConfigurationException(alias.Path, alias.Value ?? "", allowed);
    }

    private static long? Number(IConfigurationSection section, long least, long most) =>
        string.IsNullOrWhiteSpace(section.Value) ? null
        : long.TryParse(section.Value, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most ? value
        : throw new ConfigurationException(section.Path, section.Value, string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}"));

    private ModelName[] Find(string model) =>
        _aliases.TryGetValue(model, out var names) ? names : ModelName.TryParse(model, out var name) ? [name] : FindBare(model);

    // Clients of one provider send its own name for a model: gpt-5-mini.
    private ModelName[] FindBare(string model)
    {
        var found = _aliases.Values.SelectMany(m => m).Prepend(_options.DefaultModel).Where(m => m.Model == model && _options.IsAvailable(m.Platform)).Distinct().ToArray();
        return found.Length <= 1 ? found : throw new LlmException(
            LlmErrorKind.NotConfigured, $"Model '{model}' is ambiguous here: name one of {string.Join(", ", found.Select(m => m.ToString()).Order(StringComparer.Ordinal))}.");
    }
}
