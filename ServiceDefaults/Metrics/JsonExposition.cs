using System.Globalization;
using System.Text;
using System.Text.Json;

namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>
/// Turns Prometheus's text format 0.0.4 into JSON:
/// <c>{"metrics":[{"name","type","help","samples":[{"labels":{},"value"}]}]}</c>. A histogram's sample has <c>buckets</c> (upper bound to
/// cumulative count), <c>sum</c> and <c>count</c>. What JSON has no number for (NaN, infinities) is text.
/// </summary>
internal static class JsonExposition
{
    /// <summary>Writes what the text says, in its order.</summary>
    public static byte[] Convert(ReadOnlySpan<byte> text)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteStartArray("metrics");
            foreach (var family in Read(Encoding.UTF8.GetString(text)))
                Write(json, family);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static List<Family> Read(string text)
    {
        var families = new List<Family>();
        foreach (var line in text.Split('\n'))
        {
            // HELP and TYPE come in either order.
            if (line.StartsWith("# HELP ", StringComparison.Ordinal) && line.Split(' ', 4) is [_, _, var named, var help])
                FamilyOf(named).Help = Unescape(help);
            else if (line.StartsWith("# TYPE ", StringComparison.Ordinal) && line.Split(' ', 4) is [_, _, var name, var type])
                FamilyOf(name).Type = type;
            else if (line.Length > 0 && line[0] != '#' && families is [.., var family])
                family.Samples.Add(Sample.Read(line));
        }

        return families;

        Family FamilyOf(string name)
        {
            if (families is [.., var last] && last.Name == name) return last;
            families.Add(new Family(name));
            return families[^1];
        }
    }

    private static void Write(Utf8JsonWriter json, Family family)
    {
        json.WriteStartObject();
        json.WriteString("name", family.Name);
        json.WriteString("type", family.Type);
        json.WriteString("help", family.Help);
        json.WriteStartArray("samples");
        if (family.Type == "histogram")
        {
            foreach (var series in family.Samples.GroupBy(s => s.Key("le"), StringComparer.Ordinal))
                WriteHistogram(json, family.Name, [.. series]);
        }
        else
        {
            foreach (var sample in family.Samples)
            {
                json.WriteStartObject();
                WriteLabels(json, sample.Labels);
                WriteNumber(json, "value", sample.Value);
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteHistogram(Utf8JsonWriter json, string name, Sample[] series)
    {
        json.WriteStartObject();
        WriteLabels(json, series[0].Labels.Where(l => l.Name != "le"));
        json.WriteStartObject("buckets");
        foreach (var bucket in series.Where(s => s.Name.Length == name.Length + "_bucket".Length))
            WriteNumber(json, bucket.Labels.First(l => l.Name == "le").Value, bucket.Value);
        json.WriteEndObject();
        foreach (var part in (ReadOnlySpan<string>)["sum", "count"])
        {
            if (Array.Find(series, s => s.Name == $"{name}_{part}") is { } sample)
                WriteNumber(json, part, sample.Value);
        }

        json.WriteEndObject();
    }

    private static string Unescape(string text)
    {
        var plain = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
            plain.Append(text[i] != '\\' || i == text.Length - 1 ? text[i] : text[++i] == 'n' ? '\n' : text[i]);
        return plain.ToString();
    }

    private static void WriteLabels(Utf8JsonWriter json, IEnumerable<(string Name, string Value)> labels)
    {
        json.WriteStartObject("labels");
        foreach (var (name, value) in labels)
            json.WriteString(name, value);
        json.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, string value)
    {
        if (double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
            json.WriteNumber(name, number);
        else
            json.WriteString(name, value);
    }

    private sealed class Family(string name)
    {
        public string Name { get; } = name;

        public string Type { get; set; } = "untyped";

        public string Help { get; set; } = "";

        public List<Sample> Samples { get; } = [];
    }

    private sealed record Sample(string Name, IReadOnlyList<(string Name, string Value)> Labels, string Value)
    {
        public string Key(string without) => string.Join('\u0001', Labels.Where(l => l.Name != without).Select(l => $"{l.Name}\u0002{l.Value}"));

        /// <summary>Reads <c>name{label="value",…} value [timestamp]</c>; values escape \, " and line ends.</summary>
        public static Sample Read(string line)
        {
            var at = line.AsSpan().IndexOfAny('{', ' ');
            var name = line[..at];
            var labels = new List<(string, string)>();
            if (line[at] == '{')
            {
                at++;
                while (line[at] != '}')
                {
                    var equals = line.IndexOf('=', at);
                    var label = line[at..equals];
                    var start = equals + 2;
                    for (at = start; line[at] != '"'; at++)
                    {
                        if (line[at] == '\\')
                            at++;
                    }

                    labels.Add((label, Unescape(line[start..at])));
                    at++;
                    if (line[at] == ',')
                        at++;
                }

                at++;
            }

            return new Sample(name, labels, line[(at + 1)..].Split(' ')[0]);
        }
    }
}
