using System.Globalization;
using System.Text;

namespace OsMEN.Executions.Catalog.Parameters;

/// <summary>A set of code points: ranges up to U+FFFF without the surrogates, and beyond that all or none.</summary>
internal sealed class CharacterSet
{
    private const string Beyond = @"[\uD800-\uDBFF][\uDC00-\uDFFF]";

    // Sorted, without overlaps.
    private readonly (int Low, int High)[] _ranges;
    private readonly bool _hasBeyond;

    private CharacterSet(IEnumerable<(int Low, int High)> ranges, bool hasBeyond)
    {
        var merged = new List<(int Low, int High)>();
        foreach (var (low, high) in ranges.SelectMany(WithoutSurrogates).Order())
        {
            if (merged.Count > 0 && low <= merged[^1].High + 1)
            {
                merged[^1] = (merged[^1].Low, Math.Max(merged[^1].High, high));
            }
            else
            {
                merged.Add((low, high));
            }
        }
        _ranges = [.. merged];
        _hasBeyond = hasBeyond;
    }

    public static CharacterSet Empty { get; } = new([], hasBeyond: false);

    /// <summary>What ends a line, which a dot doesn't match.</summary>
    public static CharacterSet Line { get; } = new([('\n', '\n'), ('\r', '\r'), (0x2028, 0x2029)], hasBeyond: false);

    private static CharacterSet Digits { get; } = Range('0', '9');

    private static CharacterSet Words { get; } = new([('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')], hasBeyond: false);

    private static CharacterSet Spaces { get; } = new(
        [('\t', '\r'), (' ', ' '), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)],
        hasBeyond: false);

    public bool IsEmpty => _ranges.Length == 0 && !_hasBeyond;

    public static CharacterSet Range(char low, char high) => new([(low, high)], hasBeyond: false);

    /// <summary>What <c>\d</c> and the like stand for; null for another letter.</summary>
    public static CharacterSet? Shorthand(char letter) => letter switch
    {
        'd' => Digits,
        'D' => Digits.Complement(),
        'w' => Words,
        'W' => Words.Complement(),
        's' => Spaces,
        'S' => Spaces.Complement(),
        _ => null,
    };

    public CharacterSet With(CharacterSet other) => new([.. _ranges, .. other._ranges], _hasBeyond || other._hasBeyond);

    public CharacterSet Complement()
    {
        var ranges = new List<(int, int)>();
        var next = 0;
        foreach (var (low, high) in _ranges)
        {
            ranges.Add((next, low - 1));
            next = high + 1;
        }
        ranges.Add((next, char.MaxValue));
        return new(ranges.Where(r => r.Item1 <= r.Item2), !_hasBeyond);
    }

    public string ToPattern()
    {
        if (_ranges.Length == 0)
        {
            return $"(?:{Beyond})";
        }
        var text = new StringBuilder(_hasBeyond ? "(?:[" : "[");
        foreach (var (low, high) in _ranges)
        {
            text.Append(CultureInfo.InvariantCulture, $"\\u{low:X4}-\\u{high:X4}");
        }
        return text.Append(_hasBeyond ? $"]|{Beyond})" : "]").ToString();
    }

    private static IEnumerable<(int Low, int High)> WithoutSurrogates((int Low, int High) range)
    {
        if (range.High < char.MinValue + 0xD800 || range.Low > 0xDFFF)
        {
            return [range];
        }
        return new[] { (range.Low, 0xD7FF), (0xE000, range.High) }.Where(r => r.Item1 <= r.Item2);
    }
}
