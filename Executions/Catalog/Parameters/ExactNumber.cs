using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace OsMEN.Executions.Catalog.Parameters;

/// <summary>A JSON number as <c>Digits × 10^Exponent</c>, the digits without zeros at the end, so that 1, 1.0 and 10e-1 are one.</summary>
internal readonly struct ExactNumber
{
    private const int MaxLength = 128;
    private const int MaxExponent = 1000;

    private readonly BigInteger _digits;
    private readonly int _exponent;

    private ExactNumber(BigInteger digits, int exponent, string text)
    {
        while (!digits.IsZero && BigInteger.Remainder(digits, 10).IsZero)
        {
            digits /= 10;
            exponent++;
        }
        _digits = digits;
        _exponent = digits.IsZero ? 0 : exponent;
        Text = text;
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    public bool IsInteger => _exponent >= 0;

    public bool IsPositive => _digits.Sign > 0;

    /// <summary>The same for equal numbers.</summary>
    public string Canonical => string.Create(CultureInfo.InvariantCulture, $"{_digits}e{_exponent}");

    /// <summary>False for one of more than 128 characters or beyond about 1e±1000: exact arithmetic on those takes too long.</summary>
    public static bool TryRead(JsonElement value, out ExactNumber number)
    {
        number = default;
        var text = value.GetRawText();
        if (text.Length > MaxLength)
        {
            return false;
        }
        var e = text.AsSpan().IndexOfAny('e', 'E');
        var mantissa = e < 0 ? text : text[..e];
        var exponent = 0;
        if (e >= 0 && !int.TryParse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent))
        {
            return false;
        }
        if (exponent is < -MaxExponent or > MaxExponent)
        {
            return false;
        }
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        if (point >= 0)
        {
            exponent -= mantissa.Length - point - 1;
            mantissa = mantissa.Remove(point, 1);
        }
        number = new(BigInteger.Parse(mantissa, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture), exponent, text);
        return true;
    }

    public static int Compare(ExactNumber left, ExactNumber right)
    {
        var (a, b) = left.Align(right);
        return a.CompareTo(b);
    }

    public bool IsMultipleOf(ExactNumber other)
    {
        var (left, right) = Align(other);
        return BigInteger.Remainder(left, right).IsZero;
    }

    private (BigInteger Left, BigInteger Right) Align(ExactNumber other)
    {
        var exponent = Math.Min(_exponent, other._exponent);
        return (_digits * BigInteger.Pow(10, _exponent - exponent), other._digits * BigInteger.Pow(10, other._exponent - exponent));
    }
}
