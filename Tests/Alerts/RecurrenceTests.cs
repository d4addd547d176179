using System.Text.Json;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.State;

namespace OsMEN.Tests.Alerts;

/// <summary>When silences that recur hold.</summary>
public sealed class RecurrenceTests
{
    // Sundays from 2 to 4, as people in Berlin and in Kathmandu see it. On 29 March 2026 Berlin's clocks go from 2 to 3, on 25 October from 3 to 2.
    [Theory]
    [InlineData("UTC", "2026-03-15T01:59:59Z", "2026-03-15T02:00:00Z", "2026-03-15T04:00:00Z")]
    [InlineData("UTC", "2026-03-15T02:00:00Z", "2026-03-15T02:00:00Z", "2026-03-15T04:00:00Z")]
    [InlineData("UTC", "2026-03-15T03:59:59.999Z", "2026-03-15T02:00:00Z", "2026-03-15T04:00:00Z")]
    [InlineData("UTC", "2026-03-15T04:00:00Z", "2026-03-22T02:00:00Z", "2026-03-22T04:00:00Z")]
    [InlineData("Europe/Berlin", "2026-03-20T12:00:00Z", "2026-03-22T01:00:00Z", "2026-03-22T03:00:00Z")]
    [InlineData("Europe/Berlin", "2026-03-27T12:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z")]
    [InlineData("Europe/Berlin", "2026-04-03T12:00:00Z", "2026-04-05T00:00:00Z", "2026-04-05T02:00:00Z")]
    [InlineData("Europe/Berlin", "2026-10-23T12:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z")]
    [InlineData("Asia/Kathmandu", "2026-03-20T12:00:00Z", "2026-03-21T20:15:00Z", "2026-03-21T22:15:00Z")]
    public void Its_window_is_the_one_that_is_open_else_the_next(string zone, string now, string starts, string ends) => Assert.Equal(
        new TimeWindow(At(starts), At(ends)), new Recurrence("0 2 * * 0", TimeSpan.FromHours(2), zone).At(At(now)));

    [Fact]
    public void A_window_is_cut_to_the_life_of_its_silence()
    {
        var silence = new Silence("s", [], At("2026-03-15T03:00:00Z"), At("2026-03-22T03:00:00Z"), "c", "me", At("2026-03-01T00:00:00Z"), new Recurrence("0 2 * * 0", TimeSpan.FromHours(2), "UTC"));
        Assert.Equal(new TimeWindow(At("2026-03-15T03:00:00Z"), At("2026-03-15T04:00:00Z")), silence.WindowAt(At("2026-03-01T00:00:00Z")));
        Assert.Equal(new TimeWindow(At("2026-03-22T02:00:00Z"), At("2026-03-22T03:00:00Z")), silence.WindowAt(At("2026-03-15T04:00:00Z")));
        Assert.Null(silence.WindowAt(At("2026-03-22T03:00:00Z")));
    }

    [Theory]
    [InlineData("""{"cron":"0 2 * * 0","duration":"2h"}""", null)]
    [InlineData("""{"cron":"0 2 * * 0","duration":"2h","time_zone":"Europe/Berlin"}""", null)]
    [InlineData("""{"cron":"0 2 * * 0"}""", "recurring.duration")]
    [InlineData("""{"cron":"0 2 * * 0","duration":"30s"}""", "recurring.duration")]
    [InlineData("""{"cron":"0 2 * * 0","duration":"800h"}""", "recurring.duration")]
    [InlineData("""{"cron":"every sunday","duration":"2h"}""", "recurring.cron")]
    [InlineData("""{"cron":"0 0 30 2 *","duration":"2h"}""", "recurring.cron")]
    [InlineData("""{"duration":"2h"}""", "recurring.cron")]
    [InlineData("""{"cron":"0 2 * * 0","duration":"2h","time_zone":"Mars/Olympus"}""", "recurring.time_zone")]
    [InlineData("""{"cron":"0 2 * * 0","duration":"2h","tz":"UTC"}""", "recurring.tz")]
    [InlineData("\"weekly\"", "recurring")]
    public void What_is_wrong_with_one_is_named(string json, string? field)
    {
        List<FieldError> errors = [];
        using var document = JsonDocument.Parse(json);
        var read = Recurrence.Read(document.RootElement, "recurring", At("2026-03-01T00:00:00Z"), errors);
        Assert.Equal(field, errors.Count == 0 ? null : Assert.Single(errors).Field);
        Assert.Equal(field is null, read is not null);
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
