using OsMEN.ServiceDefaults;

namespace OsMEN.Tests.ServiceDefaults;

public class OrderedIdsTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    [Fact]
    public void What_is_made_a_microsecond_later_sorts_later_as_a_value_and_as_text()
    {
        var ids = Enumerable.Range(0, 2500).Select(i => OrderedIds.New(Start.AddMicroseconds(i))).ToList();
        Assert.Equal(ids, ids.Order());
        Assert.Equal(ids.Select(i => i.ToString()), ids.Select(i => i.ToString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_id_is_a_version_7_of_its_time_and_in_the_range_of_its_millisecond()
    {
        foreach (var at in new[] { Start, Start.AddTicks(1), Start.AddTicks(9999), DateTimeOffset.UnixEpoch, Start.ToOffset(TimeSpan.FromHours(-7)) })
        {
            var id = OrderedIds.New(at);
            Assert.Equal((7, 2), (id.Version, id.Variant >> 2));
            Assert.Equal(at.ToUnixTimeMilliseconds(), OrderedIds.TimeOf(id).ToUnixTimeMilliseconds());
            Assert.InRange(id, OrderedIds.FirstOf(at), OrderedIds.FirstOf(at.AddMilliseconds(1)));
        }
    }

    [Fact]
    public void What_is_made_at_one_moment_differs() =>
        Assert.Equal(1000, Enumerable.Range(0, 1000).Select(_ => OrderedIds.New(Start)).Distinct().Count());
}
