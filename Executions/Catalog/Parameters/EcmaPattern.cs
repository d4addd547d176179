using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace OsMEN.Executions.Catalog.Parameters;

/// <summary>
/// Turns a regular expression of ECMAScript with flag u into one of .NET that matches the same texts: characters are code points,
/// <c>\d</c>, <c>\w</c> and <c>\s</c> are ECMAScript's, and <c>$</c> is the very end. Matching is linear in the text.
/// </summary>
internal sealed class EcmaPattern
{
    private const int MaxLength = 1000;
    private const int MaxRepeat = 1000;
    private const long MaxCost = 10_000;

    private readonly string _pattern;
    private readonly StringBuilder _out = new();

    // How many characters the automaton has to tell apart: of the groups around, and of the one being read.
    private readonly Stack<long> _outerCosts = new();
    private long _cost;
    private long _lastCost;
    private int _at;

    private EcmaPattern(string pattern) => _pattern = pattern;

    /// <exception cref="FormatException">It is no pattern, or one that is not supported; the message tells which.</exception>
    public static Regex Compile(string pattern)
    {
        if (pattern.Length > MaxLength)
        {
            throw new FormatException($"must be at most {MaxLength} characters");
        }
        var parser = new EcmaPattern(pattern);
        parser.Translate();
        try
        {
            return new Regex(parser._out.ToString(), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new FormatException("is not a pattern that is supported", e);
        }
    }

    private void Translate()
    {
        // Zero: nothing that could be repeated stands before.
        _lastCost = 0;
        while (_at < _pattern.Length)
        {
            var c = _pattern[_at++];
            switch (c)
            {
                case '^' or '$' or '|':
                    _out.Append(c switch { '^' => @"\A", '$' => @"\z", _ => "|" });
                    _lastCost = 0;
                    break;
                case '(':
                    OpenGroup();
                    break;
                case ')':
                    CloseGroup();
                    break;
                case '*' or '+' or '?' or '{':
                    Repeat(c);
                    break;
                case '.':
                    Atom(CharacterSet.Line.Complement());
                    break;
                case '[':
                    Atom(ReadClass());
                    break;
                case ']' or '}':
                    throw Refuse($"{c} without its beginning; write \\{c} for the character");
                case '\\' when CharacterSet.Shorthand(Peek()) is { } set:
                    _at++;
                    Atom(set);
                    break;
                default:
                    _at--;
                    Literal(ReadCharacter(inClass: false));
                    break;
            }
        }
        if (_outerCosts.Count > 0)
        {
            throw Refuse("( is not closed");
        }
        if (_cost > MaxCost)
        {
            throw TooMuch();
        }
    }

    private void OpenGroup()
    {
        if (Peek() == '?')
        {
            _ = _pattern.AsSpan(_at).StartsWith("?:", StringComparison.Ordinal) ? _at += 2 : throw Refuse("of groups, ( and (?: are supported");
        }
        _out.Append("(?:");
        _outerCosts.Push(_cost);
        (_cost, _lastCost) = (0, 0);
    }

    private void CloseGroup()
    {
        if (!_outerCosts.TryPop(out var outer))
        {
            throw Refuse(") without its beginning");
        }
        _out.Append(')');
        _lastCost = Math.Max(1, _cost);
        _cost = outer + _lastCost;
    }

    private void Repeat(char c)
    {
        if (_lastCost == 0)
        {
            throw Refuse($"{c} repeats nothing");
        }
        if (c != '{')
        {
            _out.Append(c);
        }
        else
        {
            var end = _pattern.IndexOf('}', _at);
            var bounds = end < 0 ? [] : _pattern[_at..end].Split(',');
            var least = 0;
            var most = 0;
            if (bounds.Length is not (1 or 2) || !Bound(bounds[0], out least) || (bounds is [_, { Length: > 0 }] && (!Bound(bounds[1], out most) || most < least)))
            {
                throw Refuse("{ must be {n}, {n,} or {n,m} with numbers of at most 1000");
            }
            _out.Append(_pattern, _at - 1, end - _at + 2);
            _at = end + 1;
            _cost += _lastCost * (Math.Max(1, Math.Max(least, most)) - 1);
            if (_cost > MaxCost)
            {
                throw TooMuch();
            }
        }
        // Lazy or not makes no difference to whether it matches.
        if (Peek() == '?')
        {
            _at++;
        }
        _lastCost = 0;
    }

    private static bool Bound(string text, out int bound) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out bound) && bound <= MaxRepeat;

    private void Atom(CharacterSet set)
    {
        _out.Append(set.IsEmpty ? throw Refuse("[] matches nothing") : set.ToPattern());
        _cost++;
        _lastCost = 1;
    }

    private void Literal(int character)
    {
        var text = char.ConvertFromUtf32(character);
        _out.Append("(?:");
        foreach (var unit in text)
        {
            _out.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:X4}");
        }
        _out.Append(')');
        _cost++;
        _lastCost = 1;
    }

    private CharacterSet ReadClass()
    {
        var isNegated = Peek() == '^';
        _at += isNegated ? 1 : 0;
        var set = CharacterSet.Empty;
        while (Peek() != ']')
        {
            if (Peek() == '\\' && CharacterSet.Shorthand(_at + 1 < _pattern.Length ? _pattern[_at + 1] : '\0') is { } shorthand)
            {
                _at += 2;
                set = set.With(shorthand);
                if (IsRange())
                {
                    throw Refuse("a range in [] goes from a character to a character");
                }
                continue;
            }
            var low = ReadCharacter(inClass: true);
            var high = low;
            if (IsRange())
            {
                _at++;
                high = Peek() == '\\' && CharacterSet.Shorthand(_at + 1 < _pattern.Length ? _pattern[_at + 1] : '\0') is not null ? -1 : ReadCharacter(inClass: true);
            }
            if (high < low || high > char.MaxValue)
            {
                throw Refuse(high < low ? "a range in [] goes from a character to a later one" : "characters beyond U+FFFF are not supported in []");
            }
            set = set.With(CharacterSet.Range((char)low, (char)high));
        }
        _at++;
        return isNegated ? set.Complement() : set;
    }

    private bool IsRange() => Peek() == '-' && _at + 1 < _pattern.Length && _pattern[_at + 1] != ']';

    // One code point, written as itself or escaped.
    private int ReadCharacter(bool inClass)
    {
        if (_at >= _pattern.Length)
        {
            throw Refuse(inClass ? "[ is not closed" : @"\ at the end");
        }
        if (_pattern[_at] != '\\')
        {
            var character = char.ConvertToUtf32(_pattern, _at);
            _at += character > char.MaxValue ? 2 : 1;
            return character;
        }
        _at++;
        var c = Peek();
        _at++;
        switch (c)
        {
            case 't':
                return '\t';
            case 'n':
                return '\n';
            case 'v':
                return '\v';
            case 'f':
                return '\f';
            case 'r':
                return '\r';
            case 'x':
                return Hex(2);
            case 'u':
                return Peek() == '{' ? BracedHex() : Hex(4) is var unit && !char.IsSurrogate((char)unit) ? unit : throw Refuse(@"characters beyond U+FFFF are \u{…}");
            case '-' when inClass:
            case '^' or '$' or '\\' or '.' or '*' or '+' or '?' or '(' or ')' or '[' or ']' or '{' or '}' or '|' or '/':
                return c;
            default:
                throw Refuse(c == '\0' ? @"\ at the end" : $@"\{c} is not supported; there are \d \D \w \W \s \S \t \n \v \f \r \xHH \uHHHH \u{{H}} and escaped ^$\.*+?()[]{{}}|/");
        }
    }

    private int BracedHex()
    {
        _at++;
        var end = _pattern.IndexOf('}', _at);
        var character = end < 0 ? -1 : Hex(end - _at);
        _at++;
        return Rune.IsValid(character) ? character : throw Refuse(@"\u{…} must be a character's number in hexadecimal");
    }

    private int Hex(int length)
    {
        if (length is < 1 or > 6 || _at + length > _pattern.Length
            || !int.TryParse(_pattern.AsSpan(_at, length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
        {
            throw Refuse("an escape lacks hexadecimal digits");
        }
        _at += length;
        return value;
    }

    private char Peek() => _at < _pattern.Length ? _pattern[_at] : '\0';

    private FormatException Refuse(string reason) =>
        new(string.Create(CultureInfo.InvariantCulture, $"is not a pattern that is supported, at character {Math.Min(_at, _pattern.Length)}: {reason}"));

    private static FormatException TooMuch() => new($"is a pattern that repeats too much: {MaxCost} characters with all repetitions are supported");
}
