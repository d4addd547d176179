using OsMEN.Gateway.Usage;

namespace OsMEN.Tests.Gateway.Usage;

public sealed class ProjectionTests
{
    // Wednesday, 11 November 2026, noon: half of today and 19 days are left of the month, 6 of them of weekends.
    private static readonly DateTimeOffset Now = new(2026, 11, 11, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Four_weeks_of_history_give_each_weekday_its_own_mean()
    {
        // A working day costs its number (Monday 1 … Friday 5), a weekend nothing. Today has cost 7 by noon.
        var costs = Days(28, day => day.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday ? 0 : (int)day.DayOfWeek);
        costs[Today] = 7;

        // So far this month: 2 to 6 Nov 15, 9 and 10 Nov 3, today 7. To come: half of a Wednesday 1.5; 12 and 13 Nov 9; two weeks of 15; Monday 30 Nov 1.
        Assert.Equal(new Projection(7, 8.5m, 25, 25 + 1.5m + 9 + 30 + 1, "weekday_mean_28d"), Projection.Of(costs, Now));
    }

    [Fact]
    public void A_week_or_two_of_history_tell_working_days_from_weekends()
    {
        // From Sunday 1 Nov: working days cost 10, weekends 2.
        var costs = Days(10, day => day.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday ? 2 : 10);

        // So far 1, 7, 8 Nov 6 and 7 working days 70. To come: half of a working day 5, 13 working days 130, 6 days of weekends 12.
        Assert.Equal(new Projection(0, 5, 76, 76 + 5 + 130 + 12, "workday_mean_28d"), Projection.Of(costs, Now));
    }

    [Fact]
    public void Less_than_a_week_of_history_gives_all_days_one_mean()
    {
        var costs = Days(2, _ => 4);
        Assert.Equal(new Projection(0, 2, 8, 8 + 2 + (19 * 4), "daily_mean"), Projection.Of(costs, Now));
    }

    [Fact]
    public void Without_history_todays_pace_goes_on()
    {
        Assert.Equal(new Projection(3, 6, 3, 6 + (19 * 6), "run_rate"), Projection.Of(new Dictionary<DateOnly, decimal> { [Today] = 3 }, Now));

        // A minute after midnight a dollar is not 1,440 a day: an hour is the least that counts as passed.
        var early = Projection.Of(new Dictionary<DateOnly, decimal> { [Today] = 1 }, Now.AddHours(-12).AddMinutes(1));
        Assert.InRange(early.TodayProjectedUsd, 24, 25);
    }

    [Fact]
    public void Nothing_spent_is_nothing_projected() =>
        Assert.Equal(new Projection(0, 0, 0, 0, "none"), Projection.Of(new Dictionary<DateOnly, decimal>(), Now));

    [Fact]
    public void On_the_last_day_of_a_month_only_the_rest_of_it_is_to_come()
    {
        var now = new DateTimeOffset(2026, 11, 30, 18, 0, 0, TimeSpan.Zero);
        var costs = Enumerable.Range(1, 28).ToDictionary(n => new DateOnly(2026, 11, 30).AddDays(-n), _ => 1m);
        Assert.Equal(new Projection(0, 0.25m, 28, 28.25m, "weekday_mean_28d"), Projection.Of(costs, now));
    }

    private static DateOnly Today => DateOnly.FromDateTime(Now.UtcDateTime);

    private static Dictionary<DateOnly, decimal> Days(int count, Func<DateOnly, decimal> cost) =>
        Enumerable.Range(1, count).Select(n => Today.AddDays(-n)).ToDictionary(d => d, cost);
}
