using System.Text;

namespace OsMEN.LocalHosting.Publishing;

/// <summary>Text that is written line by line, always with line feeds.</summary>
internal sealed class TextLines
{
    private readonly StringBuilder _text = new();

    public TextLines Add(int indent, string line)
    {
        _text.Append(' ', indent).Append(line).Append('\n');
        return this;
    }

    /// <summary>Every line of a block, indented.</summary>
    public TextLines AddBlock(int indent, string block)
    {
        foreach (var line in block.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n'))
            _text.Append(line.Length == 0 ? "" : new string(' ', indent)).Append(line).Append('\n');
        return this;
    }

    public override string ToString() => _text.ToString();

    /// <summary>A YAML scalar in double quotes, which stays text whatever it looks like.</summary>
    public static string Quote(string text) => '"' + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal) + '"';
}
