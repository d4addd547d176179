using System.Globalization;

namespace OsMEN.Bench;

/// <summary>Figures as they come, on the console; all of them at the end, as a table of medians.</summary>
internal sealed class Report
{
    private readonly List<(string Bench, string Store, string Measure, double Value, string Unit)> _figures = [];

    public void Add(string bench, string store, string measure, double value, string unit)
    {
        _figures.Add((bench, store, measure, value, unit));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{bench,-10} {store,-11} {measure,-60} {Format(value),10} {unit}"));
    }

    public string ToMarkdown()
    {
        var lines = _figures.GroupBy(f => (f.Bench, f.Store, f.Measure, f.Unit)).Select(g =>
        {
            var values = g.Select(f => f.Value).ToArray();
            var median = values.Order().ElementAt(values.Length / 2);
            return $"| {g.Key.Bench} | {g.Key.Store} | {g.Key.Measure} | **{Format(median)}** | {g.Key.Unit} | {string.Join(" / ", values.Select(Format))} |";
        });
        return "| bench | store | measure | median | unit | runs |\n|---|---|---|--:|---|---|\n" + string.Join('\n', lines) + "\n";
    }

    private static string Format(double value) =>
        value.ToString(value >= 100 ? "N0" : value >= 10 ? "N1" : "N2", CultureInfo.InvariantCulture);
}
