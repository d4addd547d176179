using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Providers;

/// <summary>
/// Turns a provider's reports of what a stream has used so far into increments. Readers of Microsoft.Extensions.AI add up the
/// <see cref="UsageContent"/> of a stream; Anthropic reports its usage at the start and again at the end, and some servers with every chunk.
/// </summary>
internal sealed class CumulativeUsage
{
    private TokenUsage _reported;

    /// <param name="total">The usage up to now.</param>
    public UsageContent Next(TokenUsage total)
    {
        var increment = total.Since(_reported);
        _reported += increment;
        return new UsageContent(ProviderUsage.ToDetails(increment));
    }
}
