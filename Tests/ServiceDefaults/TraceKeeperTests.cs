using System.Diagnostics;
using OpenTelemetry;
using OsMEN.ServiceDefaults.Tracing;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.ServiceDefaults;

public sealed class TraceKeeperTests : IDisposable
{
    private readonly ActivitySource _source = new("Tests.TraceKeeper." + Interlocked.Increment(ref s_sources));
    private readonly ActivityListener _listener;
    private readonly Exporter _exporter = new();
    private readonly ManualTimeProvider _time = new();
    private readonly TraceKeeper _keeper;

    private static int s_sources;

    public TraceKeeperTests()
    {
        _keeper = new([new SimpleActivityExportProcessor(_exporter)], TimeSpan.FromSeconds(10), _time);
        _listener = new()
        {
            ShouldListenTo = s => s == _source,
            Sample = (ref ActivityCreationOptions<ActivityContext> o) => o.Name.StartsWith("sampled", StringComparison.Ordinal) ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.AllData,
            ActivityStarted = _keeper.OnStart,
            ActivityStopped = _keeper.OnEnd,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _keeper.Dispose();
        _source.Dispose();
    }

    [Fact]
    public void What_was_sampled_is_exported_as_it_ends()
    {
        using (Start("sampled"))
        {
        }

        Assert.Equal(["sampled ()"], _exporter.Spans);
    }

    [Fact]
    public void What_was_not_is_held_until_its_root_ends_and_then_exported_if_that_failed()
    {
        using (var root = Start("root"))
        {
            using (Start("child"))
            using (Start("grandchild"))
            {
            }

            Assert.Equal(2048, _keeper.HeldBytes);
            root.SetStatus(ActivityStatusCode.Error, "Password=hunter2;Host=x");
        }

        Assert.Equal(["grandchild (error)", "child (error)", "root (error) Password=***;Host=x"], _exporter.Spans);
        Assert.Equal(0, _keeper.HeldBytes);
    }

    [Fact]
    public void A_root_that_succeeds_takes_failed_children_with_it()
    {
        using (Start("root"))
        using (var child = Start("child"))
            child.SetStatus(ActivityStatusCode.Error);
        Assert.Empty(_exporter.Spans);
        Assert.Equal(0, _keeper.HeldBytes);
    }

    [Fact]
    public void A_slow_root_is_kept_too()
    {
        using (var root = Start("root"))
            root.SetEndTime(root.StartTimeUtc + TimeSpan.FromSeconds(10));
        using (var root = Start("quick"))
            root.SetEndTime(root.StartTimeUtc + TimeSpan.FromSeconds(9));
        Assert.Equal(["root (slow)"], _exporter.Spans);
    }

    [Fact]
    public void What_ends_after_its_root_goes_where_that_went()
    {
        var (failed, fine) = (Late("failed", ActivityStatusCode.Error), Late("fine", ActivityStatusCode.Unset));
        failed.Dispose();
        fine.Dispose();
        Assert.Equal(["failed (error)", "late (error)"], _exporter.Spans);
        Assert.Equal(0, _keeper.HeldBytes);

        Activity Late(string name, ActivityStatusCode status)
        {
            using var root = Start(name);
            var late = Start("late");
            root.SetStatus(status);
            root.Stop();
            Activity.Current = null;
            return late;
        }
    }

    [Fact]
    public void Of_a_trace_without_end_the_newest_spans_are_held_and_the_lost_ones_counted()
    {
        using (var root = Start("root"))
        {
            for (var i = 0; i < TraceKeeper.MaxSpansOfTrace + 3; i++)
                Start("child " + i).Dispose();
            Assert.Equal(TraceKeeper.MaxSpansOfTrace * 1024, _keeper.HeldBytes);
            root.SetStatus(ActivityStatusCode.Error);
        }

        Assert.Equal(TraceKeeper.MaxSpansOfTrace + 1, _exporter.Spans.Count);
        Assert.Equal(("child 3 (error)", "root (error) 3 lost"), (_exporter.Spans[0], _exporter.Spans[^1]));
    }

    [Fact]
    public void Neither_many_traces_nor_many_spans_are_held_without_bound()
    {
        var roots = new List<Activity>();
        for (var i = 0; i < TraceKeeper.MaxTraces + 10; i++)
        {
            Activity.Current = null;
            roots.Add(Start("root"));
            for (var n = 0; n < 10; n++)
                Start("child").Dispose();
        }

        Assert.Equal(TraceKeeper.MaxBytes, _keeper.HeldBytes);
        foreach (var root in roots)
        {
            root.SetStatus(ActivityStatusCode.Error);
            root.Dispose();
        }

        Assert.Equal((0, TraceKeeper.MaxTraces + 10), (_keeper.HeldBytes, _exporter.Spans.Count(s => s.StartsWith("root", StringComparison.Ordinal))));
    }

    [Fact]
    public void A_span_with_long_texts_takes_what_it_takes()
    {
        using var root = Start("root");
        using (var child = Start("child"))
        {
            child.SetTag("short", "text");
            child.SetTag("gen_ai.input.messages", new string('x', 10_000));
        }

        Assert.Equal(21_024, _keeper.HeldBytes);
    }

    [Fact]
    public void Old_spans_of_a_trace_that_goes_on_are_forgotten()
    {
        using var root = Start("root");
        var now = _time.GetUtcNow().UtcDateTime;
        Start("child").SetStartTime(now).SetEndTime(now + TimeSpan.FromSeconds(1)).Dispose();
        Assert.Equal(1024, _keeper.HeldBytes);
        Activity.Current = null;
        _time.Advance(TraceKeeper.MaxAge + TimeSpan.FromMinutes(1));
        Start("another").Dispose();
        Assert.Equal(0, _keeper.HeldBytes);
    }

    private Activity Start(string name) => _source.StartActivity(name)!;

    private sealed class Exporter : BaseExporter<Activity>
    {
        public List<string> Spans { get; } = [];

        public override ExportResult Export(in Batch<Activity> batch)
        {
            foreach (var span in batch)
                Spans.Add($"{span.OperationName} ({span.GetTagItem(TraceKeeper.KeptTag)}) {span.StatusDescription}{(span.GetTagItem(TraceKeeper.LostTag) is { } lost ? $"{lost} lost" : "")}".TrimEnd());
            return ExportResult.Success;
        }
    }
}
