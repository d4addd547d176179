namespace OsMEN.Gateway.Usage;

/// <summary>What today and this month will have cost, by days of UTC.</summary>
/// <param name="Method">How the days to come were estimated: <c>weekday_mean_28d</c>, <c>workday_mean_28d</c>, <c>daily_mean</c>, <c>run_rate</c> or <c>none</c>.</param>
internal sealed record Projection(decimal TodayUsd, decimal TodayProjectedUsd, decimal MonthUsd, decimal MonthProjectedUsd, string Method)
{
    /// <summary>Whole days before today that are looked at.</summary>
    public const int HistoryDays = 28;

    // Before this much of a first day has passed, its pace says nothing: it is taken as passed.
    private static readonly decimal LeastPart = 1m / 24;

    /// <summary>
    /// A day to come is expected to cost the mean of the same weekday in the last 28 days. Where the history (from its first day with a cost)
    /// is shorter than two weeks, working days and weekends have a mean each; shorter than one, all days have one; without any, today's pace
    /// goes on. Today is what it has cost, and the expected cost of a day for what is left of it.
    /// </summary>
    /// <param name="costs">Dollars by day; days that are missing cost nothing.</param>
    public static Projection Of(IReadOnlyDictionary<DateOnly, decimal> costs, DateTimeOffset now)
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        var passed = (decimal)now.UtcDateTime.TimeOfDay.Ticks / TimeSpan.TicksPerDay;
        var soFar = costs.GetValueOrDefault(today);
        var history = Enumerable.Range(1, HistoryDays).Select(n => today.AddDays(-n)).Reverse().SkipWhile(d => costs.GetValueOrDefault(d) == 0)
            .Select(d => (Day: d, Cost: costs.GetValueOrDefault(d))).ToArray();
        var (method, expected) = Expect(history, soFar / Math.Max(passed, LeastPart));

        var end = new DateOnly(today.Year, today.Month, 1).AddMonths(1);
        var month = Enumerable.Range(1, today.Day).Sum(day => costs.GetValueOrDefault(new DateOnly(today.Year, today.Month, day)));
        var left = (1 - passed) * expected(today);
        var toCome = Enumerable.Range(today.Day + 1, end.DayNumber - today.DayNumber - 1).Sum(day => expected(new DateOnly(today.Year, today.Month, day)));
        return new Projection(soFar, Round(soFar + left), month, Round(month + left + toCome), method);
    }

    private static (string Method, Func<DateOnly, decimal> Expected) Expect((DateOnly Day, decimal Cost)[] history, decimal pace)
    {
        if (history.Length == 0)
            return pace == 0 ? ("none", _ => 0) : ("run_rate", _ => pace);
        var all = history.Average(h => h.Cost);
        if (history.Length < 7)
            return ("daily_mean", _ => all);
        return history.Length < 14
            ? ("workday_mean_28d", day => Mean(history, IsWeekend, day) ?? all)
            : ("weekday_mean_28d", day => Mean(history, d => d.DayOfWeek, day) ?? all);
    }

    private static decimal? Mean<T>((DateOnly Day, decimal Cost)[] history, Func<DateOnly, T> kind, DateOnly day)
    {
        var alike = history.Where(h => EqualityComparer<T>.Default.Equals(kind(h.Day), kind(day))).ToArray();
        return alike.Length == 0 ? null : alike.Average(h => h.Cost);
    }

    private static bool IsWeekend(DateOnly day) => day.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday;

    private static decimal Round(decimal dollars) => decimal.Round(dollars, 9);
}
