namespace OsMEN.Executions.Analytics;

/// <summary>What a column holds, and as what type <see cref="IExecutionStore.ReadViewAsync"/> gives it.</summary>
public enum AnalyticsColumnKind
{
    /// <summary><see cref="string"/>.</summary>
    Text,

    /// <summary>A day of UTC: <see cref="DateOnly"/>.</summary>
    Date,

    /// <summary><see cref="DateTimeOffset"/>, to the microsecond.</summary>
    Time,

    /// <summary><see cref="long"/>.</summary>
    Count,

    /// <summary>Seconds, or a rate of 0 to 1: <see cref="double"/>; null where nothing has ended.</summary>
    Number,

    /// <summary>Dollars: <see cref="decimal"/>, to the billionth.</summary>
    Money,
}

/// <summary>A column, named as in the database.</summary>
public sealed record AnalyticsColumn(string Name, AnalyticsColumnKind Kind);

/// <summary>A view of the database for reports. Its first column identifies a row and orders the rows.</summary>
/// <param name="Summary">One line for a reader of the API.</param>
/// <param name="Descending">Whether the greatest key comes first, as the newest day does.</param>
public sealed record AnalyticsView(string Name, string Summary, IReadOnlyList<AnalyticsColumn> Columns, bool Descending = false)
{
    public AnalyticsColumn Key => Columns[0];
}

/// <summary>A page of a view.</summary>
public sealed record AnalyticsQuery
{
    public required AnalyticsView View { get; init; }

    /// <summary>Only the row of this key.</summary>
    public string? Only { get; init; }

    /// <summary>Only rows after this key: the last of the page before. A date is written <c>2030-01-31</c>.</summary>
    public string? After { get; init; }

    /// <summary>1 to 1001.</summary>
    public int Limit { get; init; } = 50;
}
