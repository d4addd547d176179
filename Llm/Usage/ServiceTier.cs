namespace OsMEN.Llm;

/// <summary>At which of its tiers a provider served a call: each may have prices of its own.</summary>
public enum ServiceTier
{
    Standard,

    /// <summary>Answered within hours; the keys <c>…_batches</c>.</summary>
    Batch,

    /// <summary>Slower and cheaper; the keys <c>…_flex</c>.</summary>
    Flex,

    /// <summary>Faster and dearer; the keys <c>…_priority</c>.</summary>
    Priority,
}

internal static class ServiceTiers
{
    /// <summary>Under this name in a response's additional properties.</summary>
    public const string Property = "service_tier";

    /// <summary>The tier that a provider names in its answer; what is unknown is standard.</summary>
    public static ServiceTier Parse(string? name) => name?.ToLowerInvariant() switch
    {
        "batch" or "batches" => ServiceTier.Batch,
        "flex" => ServiceTier.Flex,
        "priority" or "fast" => ServiceTier.Priority,
        _ => ServiceTier.Standard,
    };
}
