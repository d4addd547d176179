using System.Text.RegularExpressions;

namespace OsMEN.Llm.Providers;

/// <summary>
/// Extraction by term frequency (H. P. Luhn, "The Automatic Creation of Literature Abstracts", IBM Journal, 1958): a sentence
/// weighs what its words weigh, and a word weighs as often as it occurs in the whole text, common words left out. Times, dates
/// and words of urgency weigh more, as does what a diff adds. The heaviest are given in the order of the text.
/// </summary>
internal static class Extract
{
    private const int MaxUnits = 4000;
    private const int MaxLines = 8;
    private const int MaxLength = 240;

    // Linear in the text, so none of them needs a time limit, which a starved machine would exceed.
    private static readonly Regex Words = Linear(@"[\p{L}][\p{L}\p{Nd}_]*");
    private static readonly Regex Time = Linear(@"\b([01]?\d|2[0-3]):[0-5]\d\b|\b\d{4}-\d\d-\d\d\b|\b(mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(today|tomorrow|tonight|noon)\b");
    private static readonly Regex Urgent = Linear(@"\b(urgent|asap|must|deadline|due|fail\w*|error|outage|down|blocked|critical|security|leak\w*|cannot|refund|overdue|todo|fixme|password|secret)\b");

    private static readonly HashSet<string> Common = new(
        ("a about after all also am an and any are as at be been but by can could did do does for from get go had has have he her here his how i if in into is it " +
         "its just may me more my no not of on one only or our out over re she should so some such than that the their them then there these they this to " +
         "up us was we were what when which who will with would you your").Split(' '),
        StringComparer.OrdinalIgnoreCase);

    /// <summary>At most eight lines, a third of the text's sentences, at least one where there is any.</summary>
    public static IReadOnlyList<string> Of(string text)
    {
        var units = Split(text).Take(MaxUnits).ToArray();
        if (units.Length == 0)
            return [];
        var words = units.Select(u => Words.Matches(u).Select(m => m.Value.ToLowerInvariant()).Where(w => w.Length > 2 && !Common.Contains(w)).ToArray()).ToArray();
        var frequency = words.SelectMany(w => w).CountBy(w => w, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        var wanted = Math.Clamp((units.Length + 2) / 3, 1, MaxLines);
        return
        [
            .. Enumerable.Range(0, units.Length)
                .OrderByDescending(i => Weight(units[i], words[i], frequency))
                .ThenBy(i => i)
                .Take(wanted)
                .Order()
                .Select(i => Shorten(units[i])),
        ];
    }

    private static double Weight(string unit, string[] words, Dictionary<string, int> frequency)
    {
        // Per root of the length: long sentences carry more, but not in proportion.
        var weight = words.Length == 0 ? 0 : words.Distinct(StringComparer.Ordinal).Sum(w => (double)frequency[w]) / Math.Sqrt(words.Length + 1);
        weight *= 1 + (0.5 * Math.Min(Urgent.Count(unit), 2)) + (0.3 * Math.Min(Time.Count(unit), 2));
        return unit[0] is '+' or '-' && unit.Length > 1 && unit[1] is not ('+' or '-') ? weight * 1.5 : weight;
    }

    private static IEnumerable<string> Split(string text)
    {
        foreach (var line in text.Split('\n'))
        {
            var trimmed = line.Trim();
            if (trimmed.Length < 3)
                continue;

            foreach (var sentence in Sentences(trimmed))
            {
                if (sentence.Length > 2)
                    yield return sentence;
            }
        }
    }

    private static string Shorten(string unit) => unit.Length <= MaxLength ? unit : string.Concat(unit.AsSpan(0, MaxLength - 1), "…");

    private static Regex Linear(string pattern) => new(pattern, RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    // After a full stop, an exclamation mark or a question mark, and blanks, before a capital letter, a digit, a quote or a bracket.
    private static IEnumerable<string> Sentences(string line)
    {
        var start = 0;
        for (var i = 1; i < line.Length; i++)
        {
            if (!char.IsWhiteSpace(line[i]) || line[i - 1] is not ('.' or '!' or '?'))
                continue;
            var end = i;
            while (i < line.Length && char.IsWhiteSpace(line[i]))
                i++;
            if (i == line.Length || !(char.IsUpper(line[i]) || char.IsDigit(line[i]) || line[i] is '"' or '\'' or '('))
                continue;
            yield return line[start..end];
            start = i;
        }

        yield return line[start..];
    }
}
