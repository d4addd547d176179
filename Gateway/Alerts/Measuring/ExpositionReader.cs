using System.Globalization;
using System.Text;

namespace OsMEN.Gateway.Alerts.Measuring;

/// <summary>Reads the Prometheus text format, of it only the metrics that are asked for. A line that cannot be read is skipped.</summary>
internal static class ExpositionReader
{
    public static IEnumerable<(string Metric, LabelSet Labels, double Value)> Read(string text, Func<string, bool> wanted)
    {
        foreach (var range in Lines(text))
        {
            var line = text[range];
            if (line.Length == 0 || line[0] == '#') continue;
            var end = line.AsSpan().IndexOfAny('{', ' ');
            if (end <= 0 || !wanted(line[..end])) continue;
            var at = end;
            var labels = line[at] == '{' ? Labels(line, ref at) : [];
            var rest = line.AsSpan(Math.Min(at, line.Length)).Trim();
            var space = rest.IndexOf(' ');
            if (labels is not null && TryValue(space < 0 ? rest : rest[..space], out var value)) yield return (line[..end], new LabelSet(labels), value);
        }
    }

    private static IEnumerable<Range> Lines(string text)
    {
        for (var start = 0; start < text.Length;)
        {
            var end = text.IndexOf('\n', start);
            if (end < 0) end = text.Length;
            yield return start..end;
            start = end + 1;
        }
    }

    // {name="value",…}; at stands on the brace, and behind its pair afterwards. Null where there is none.
    private static List<KeyValuePair<string, string>>? Labels(string line, ref int at)
    {
        List<KeyValuePair<string, string>> labels = [];
        for (at++; at < line.Length;)
        {
            if (line[at] == '}')
            {
                at++;
                return labels;
            }
            var equals = line.IndexOf("=\"", at, StringComparison.Ordinal);
            if (equals < 0) return null;
            var name = line[at..equals].Trim(' ', ',');
            var value = new StringBuilder();
            for (at = equals + 2; at < line.Length && line[at] != '"'; at++)
            {
                if (line[at] == '\\' && at + 1 < line.Length) value.Append(line[++at] == 'n' ? '\n' : line[at]);
                else value.Append(line[at]);
            }
            labels.Add(new(name, value.ToString()));
            at++;
            if (at < line.Length && line[at] == ',') at++;
        }
        return null;
    }

    private static bool TryValue(ReadOnlySpan<char> text, out double value)
    {
        switch (text)
        {
            case "+Inf" or "Inf":
                value = double.PositiveInfinity;
                return true;
            case "-Inf":
                value = double.NegativeInfinity;
                return true;
            default:
                return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
        }
    }
}
