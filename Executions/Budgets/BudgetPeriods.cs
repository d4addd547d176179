namespace OsMEN.Executions.Budgets;

/// <summary>When budgets begin and end, by the calendar of a time zone.</summary>
public static class BudgetPeriods
{
    /// <summary>What a period is called outside: <c>day</c>, <c>month</c>, <c>total</c>.</summary>
    public static string Name(BudgetPeriod period) => period switch
    {
        BudgetPeriod.Day => "day",
        BudgetPeriod.Month => "month",
        _ => "total",
    };

    /// <summary>Undoes <see cref="Name"/>.</summary>
    public static bool TryParse(string? name, out BudgetPeriod period)
    {
        foreach (var candidate in Enum.GetValues<BudgetPeriod>())
        {
            if (Name(candidate) == name)
            {
                period = candidate;
                return true;
            }
        }

        period = default;
        return false;
    }

    /// <summary>The zone of that name; UTC on a machine that does not know it.</summary>
    public static TimeZoneInfo Zone(string name) => TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) ? zone : TimeZoneInfo.Utc;

    /// <summary>The period that a time lies in: its first moment, and the first moment after it (null for never).</summary>
    public static (DateTimeOffset Start, DateTimeOffset? End) Around(BudgetPeriod period, TimeZoneInfo zone, DateTimeOffset time)
    {
        if (period == BudgetPeriod.Total)
            return (Cut(time.ToUniversalTime()), null);
        var today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(time, zone).DateTime);
        var first = period == BudgetPeriod.Day ? today : new DateOnly(today.Year, today.Month, 1);
        return (Midnight(first, zone), Midnight(period == BudgetPeriod.Day ? first.AddDays(1) : first.AddMonths(1), zone));
    }

    private static DateTimeOffset Midnight(DateOnly day, TimeZoneInfo zone)
    {
        var local = day.ToDateTime(TimeOnly.MinValue);

        // Where clocks go back over midnight it comes twice: the day begins with the first. Where they go forward over it, there is none:
        // the offset of before leads to the moment of the change, which is when the day begins.
        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max()
            : zone.IsInvalidTime(local) ? zone.GetUtcOffset(local.AddDays(-1))
            : zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset).ToUniversalTime();
    }

    private static DateTimeOffset Cut(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));
}
