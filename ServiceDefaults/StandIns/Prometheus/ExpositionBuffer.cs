using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace OsMEN.ServiceDefaults.StandIns.Prometheus;

/// <summary>UTF-8 text that grows, with what the exposition formats need: escapes and numbers.</summary>
internal sealed class ExpositionBuffer
{
    private byte[] _bytes = new byte[32 * 1024];
    private int _length;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    public void Clear() => _length = 0;

    public void Write(ReadOnlySpan<byte> utf8)
    {
        utf8.CopyTo(Reserve(utf8.Length));
        _length += utf8.Length;
    }

    public void Write(byte ascii)
    {
        Reserve(1)[0] = ascii;
        _length++;
    }

    public void Write(ReadOnlySpan<char> text) => _length += Encoding.UTF8.GetBytes(text, Reserve(Encoding.UTF8.GetMaxByteCount(text.Length)));

    public void Write(long number)
    {
        Utf8Formatter.TryFormat(number, Reserve(24), out var written);
        _length += written;
    }

    /// <summary>The shortest text that reads back as the same number.</summary>
    public void Write(double number)
    {
        if (double.IsPositiveInfinity(number)) Write("+Inf"u8);
        else if (double.IsNegativeInfinity(number)) Write("-Inf"u8);
        else if (double.IsNaN(number)) Write("NaN"u8);
        else
        {
            number.TryFormat(Reserve(32), out var written, default, CultureInfo.InvariantCulture);
            _length += written;
        }
    }

    /// <summary>A bucket's bound; OpenMetrics has a fraction in every float.</summary>
    public void WriteBound(double bound, bool openMetrics)
    {
        var start = _length;
        Write(bound);
        if (openMetrics && double.IsFinite(bound) && !_bytes.AsSpan(start, _length - start).ContainsAny((byte)'.', (byte)'E')) Write(".0"u8);
    }

    /// <summary>A label's value: backslash, quote and line feed are escaped.</summary>
    public void WriteLabelValue(ReadOnlySpan<char> text) => WriteEscaped(text, quotes: true);

    /// <summary>A help text: the text format escapes no quotes there, OpenMetrics does.</summary>
    public void WriteHelp(ReadOnlySpan<char> text, bool openMetrics) => WriteEscaped(text, openMetrics);

    private void WriteEscaped(ReadOnlySpan<char> text, bool quotes)
    {
        while (text.IndexOfAny('\\', '"', '\n') is >= 0 and var at)
        {
            Write(text[..at]);
            switch (text[at])
            {
                case '\\': Write("\\\\"u8); break;
                case '\n': Write("\\n"u8); break;
                default: Write(quotes ? "\\\""u8 : "\""u8); break;
            }
            text = text[(at + 1)..];
        }
        Write(text);
    }

    private Span<byte> Reserve(int size)
    {
        if (_bytes.Length - _length < size) Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + size));
        return _bytes.AsSpan(_length);
    }
}
