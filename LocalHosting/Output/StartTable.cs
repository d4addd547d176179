using System.Globalization;
using OsMEN.LocalHosting.Backing;
using OsMEN.LocalHosting.Running;
using Spectre.Console;

namespace OsMEN.LocalHosting.Output;

/// <summary>In a terminal: a table of what starts, pulls, waits and is ready, kept current until everything is up or given up.</summary>
internal sealed class StartTable(IReadOnlyList<ResourceProgram> programs, StatusBoard board, TimeProvider time)
{
    private static readonly TimeSpan s_refresh = TimeSpan.FromMilliseconds(200);

    private readonly long _started = time.GetTimestamp();

    /// <summary>Whether whoever started AppHost looks at a terminal that can show it.</summary>
    public static bool IsWanted(TextWriter console) =>
        ReferenceEquals(console, Console.Out) && !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities is { Ansi: true, Interactive: true };

    /// <summary>Shows it until <paramref name="ready"/> completes, in whatever way.</summary>
    public async Task ShowAsync(Task ready)
    {
        await AnsiConsole.Live(Draw()).StartAsync(async live =>
        {
            using var timer = new PeriodicTimer(s_refresh, time);
            while (!ready.IsCompleted)
            {
                await Task.WhenAny(ready, timer.WaitForNextTickAsync().AsTask());
                live.UpdateTarget(Draw());
            }
        });
    }

    private Table Draw()
    {
        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumns("", "", "", "");
        foreach (var program in programs)
        {
            var status = board.Worst(program.Resource.Name);
            var (mark, color) = (status.State, status.Healthy) switch
            {
                (ResourceState.Running, true) => ("●", "green"),
                (ResourceState.FailedToStart, _) => ("✗", "red"),
                (ResourceState.Unavailable, _) => ("–", "grey"),
                (ResourceState.Exited, _) or (_, false) => ("!", "yellow"),
                _ => ("○", "blue"),
            };
            var ready = Enumerable.Range(0, program.Replicas).Count(i => board[program.Resource.Name, i].IsReady);
            var replicas = program.Replicas == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" {ready}/{program.Replicas}");
            table.AddRow(
                new Markup($"[{color}]{mark}[/]"),
                new Text(program.Resource.Name),
                new Markup($"[{color}]{Markup.Escape(RunReport.Describe(status) + replicas)}[/]"),
                new Markup($"[grey]{Markup.Escape(status.Reason ?? "")}[/]").Overflow(Overflow.Ellipsis));
        }

        table.Caption(string.Create(CultureInfo.InvariantCulture, $"{time.GetElapsedTime(_started).TotalSeconds:0} s · Ctrl+C stops"));
        return table;
    }
}
