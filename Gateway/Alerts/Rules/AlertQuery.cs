namespace OsMEN.Gateway.Alerts.Rules;

/// <summary>What is made of one series.</summary>
internal enum SeriesFunction
{
    /// <summary>A gauge's value now.</summary>
    Value,

    /// <summary>A counter's growth a second over the window, resets counted as growth from zero.</summary>
    Rate,

    /// <summary>A counter's growth over the window.</summary>
    Increase,

    /// <summary>A quantile of what a histogram saw in the window.</summary>
    Quantile,
}

/// <summary>What is made of the series that share the labels of <see cref="AlertQuery.By"/>.</summary>
internal enum Aggregation
{
    Sum,
    Max,
    Min,
    Avg,
}

/// <summary>Series whose label has one of the values, or none of them. A value is exact, but <c>*</c> stands for any text.</summary>
internal sealed record LabelFilter(string Label, IReadOnlyList<string> Values, bool Excludes)
{
    public bool Matches(string value) => Values.Any(v => IsLike(value, v)) != Excludes;

    // Greedy, back to the last star: linear in practice, and never exponential.
    private static bool IsLike(string text, string pattern)
    {
        var (t, p, star, retry) = (0, 0, -1, 0);
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*') (star, retry, p) = (p, t, p + 1);
            else if (p < pattern.Length && pattern[p] == text[t]) (t, p) = (t + 1, p + 1);
            else if (star >= 0) (t, p) = (++retry, star + 1);
            else return false;
        }
        return pattern.AsSpan(p).IndexOfAnyExcept('*') < 0;
    }
}

/// <summary>Series of one metric: its name without prefix where it is ours, and the filters that all must match.</summary>
internal sealed record MetricSelector(KnownMetric Metric, IReadOnlyList<LabelFilter> Filters);

/// <summary>
/// The number that a rule compares, one for each combination of the labels <see cref="By"/>: the selected series, each through
/// <see cref="Function"/>, brought together by <see cref="Aggregation"/>, and divided by the same of <see cref="Divisors"/>.
/// </summary>
internal sealed record AlertQuery
{
    public required MetricSelector Selector { get; init; }

    public SeriesFunction Function { get; init; }

    /// <summary>Which quantile, between 0 and 1.</summary>
    public double Quantile { get; init; }

    /// <summary>Over which time a counter or histogram is read. A burn rate brings its own.</summary>
    public TimeSpan Window { get; init; }

    public Aggregation Aggregation { get; init; }

    public IReadOnlyList<string> By { get; init; } = [];

    /// <summary>What the number is a share of: these together. Where they are not above zero, there is no number.</summary>
    public IReadOnlyList<MetricSelector> Divisors { get; init; } = [];

    /// <summary>A share or quantile of fewer events than this in the window is no number; 0 asks for none.</summary>
    public double MinEvents { get; init; }

    /// <summary>A counter's series that was not there before the window has grown from zero, so its first value counts too.</summary>
    public bool FromZero { get; init; }

    /// <summary>Every instance tells the same number, which is taken once.</summary>
    public bool Shared { get; init; }
}
