using System.ComponentModel.DataAnnotations;

namespace OsMEN.Executions.Budgets;

/// <summary>What becomes of a call of a model without a known price.</summary>
public enum UnpricedCalls
{
    /// <summary>It is made; its tokens count as unpriced and its dollars in no budget.</summary>
    Allow,

    /// <summary>It is refused where a budget matches.</summary>
    Refuse,
}

/// <summary>How budgets are kept. Configuration section <c>Budgets</c> (<c>Budgets__Unpriced=Refuse</c> in the environment).</summary>
public sealed class BudgetOptions
{
    public const string Section = "Budgets";

    /// <summary>Default <see cref="UnpricedCalls.Allow"/>.</summary>
    public UnpricedCalls Unpriced { get; set; }

    /// <summary>
    /// Most tokens of an answer where neither agent nor caller sets a limit: for so many money is held back, and the call gets this limit. Default 16,384.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxOutputTokens { get; set; } = 16_384;

    /// <summary>How long a call waits for money that only others' calls under way hold, before it is refused. Default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often every process looks for ended periods, limits that come near, and calls that nobody will record. Default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan WatchInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a call whose worker went away may still be recorded, before what was held for it is charged in full. Default 1 min: a stream that its
    /// reader left is read on for up to 30 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan LapseAfter { get; set; } = TimeSpan.FromMinutes(1);
}
