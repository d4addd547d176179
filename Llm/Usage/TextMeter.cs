using System.Text;
using Microsoft.ML.Tokenizers;

namespace OsMEN.Llm;

/// <summary>Measures text whose tokens no provider has reported yet, and estimates them.</summary>
/// <param name="tokenizer">The model's; null estimates four characters per token, as OpenAI and Anthropic say of English.</param>
internal sealed class TextMeter(Tokenizer? tokenizer)
{
    // Beyond this the rest of the text is estimated by the rate of its beginning.
    private const int MaxText = 1 << 20;

    private readonly StringBuilder? _text = tokenizer is null ? null : new();

    /// <summary>Characters so far.</summary>
    public long Characters { get; private set; }

    /// <summary>Whether <see cref="Add(string)"/> needs the text, and not only its length.</summary>
    public bool NeedsText => _text is not null;

    /// <summary>About four characters are a token.</summary>
    public static long Estimate(long characters) => (characters + 3) / 4;

    public void Add(string? text)
    {
        if (text is null)
            return;
        Characters += text.Length;
        if (_text?.Length < MaxText)
            _text.Append(text);
    }

    /// <summary>Adds the length of text that <see cref="NeedsText"/> does not ask for.</summary>
    public void AddCharacters(long count) => Characters += count;

    /// <summary>Estimates the tokens of all text so far.</summary>
    public long Tokens() => _text is null
        ? Estimate(Characters)
        : tokenizer!.CountTokens(_text.ToString()) + Estimate(Characters - _text.Length);
}
