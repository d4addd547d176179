using System.Globalization;
using OsMEN.Executions.Budgets;

namespace OsMEN.Tests.Budgets;

/// <summary>When periods begin and end; the offsets are those of the tz database.</summary>
public sealed class BudgetPeriodTests
{
    [Theory]
    [InlineData("day", "UTC", "2026-03-10T12:00Z", "2026-03-10T00:00Z", "2026-03-11T00:00Z")]
    [InlineData("day", "UTC", "2026-03-10T00:00Z", "2026-03-10T00:00Z", "2026-03-11T00:00Z")]
    [InlineData("month", "UTC", "2026-12-31T23:59Z", "2026-12-01T00:00Z", "2027-01-01T00:00Z")]
    [InlineData("month", "Asia/Kolkata", "2026-03-31T18:30Z", "2026-03-31T18:30Z", "2026-04-30T18:30Z")]
    [InlineData("day", "Asia/Kolkata", "2026-03-31T18:29Z", "2026-03-30T18:30Z", "2026-03-31T18:30Z")]

    // Clocks go forward at 2:00: the day has 23 hours. And back at 3:00: 25.
    [InlineData("day", "Europe/Berlin", "2026-03-29T12:00Z", "2026-03-28T23:00Z", "2026-03-29T22:00Z")]
    [InlineData("day", "Europe/Berlin", "2026-10-25T12:00Z", "2026-10-24T22:00Z", "2026-10-25T23:00Z")]
    [InlineData("day", "Europe/Berlin", "2026-10-25T01:30Z", "2026-10-24T22:00Z", "2026-10-25T23:00Z")]
    [InlineData("month", "America/New_York", "2026-03-20T12:00Z", "2026-03-01T05:00Z", "2026-04-01T04:00Z")]

    // There is no midnight: clocks go from 0:00 to 1:00, which is when the day begins.
    [InlineData("day", "Africa/Cairo", "2024-04-26T12:00Z", "2024-04-25T22:00Z", "2024-04-26T21:00Z")]

    // Midnight comes twice: clocks go from 1:00 back to 0:00. The day begins with the first.
    [InlineData("day", "America/Havana", "2025-11-02T12:00Z", "2025-11-02T04:00Z", "2025-11-03T05:00Z")]
    public void A_period_goes_from_midnight_to_midnight_of_its_zone(string period, string zone, string time, string start, string end)
    {
        Assert.True(BudgetPeriods.TryParse(period, out var parsed));
        Assert.SkipUnless(TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found), $"The time zone {zone} is not known on this machine.");
        Assert.Equal((At(start), At(end)), BudgetPeriods.Around(parsed, found, At(time)));
    }

    [Fact]
    public void The_total_never_ends()
    {
        Assert.Equal((At("2026-03-10T12:00Z"), null), BudgetPeriods.Around(BudgetPeriod.Total, TimeZoneInfo.Utc, At("2026-03-10T12:00Z")));
        Assert.False(BudgetPeriods.TryParse("Day", out _));
        Assert.False(BudgetPeriods.TryParse(null, out _));
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
