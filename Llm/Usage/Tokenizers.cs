using Microsoft.ML.Tokenizers;

namespace OsMEN.Llm;

/// <summary>
/// Tokenizers of models that publish theirs (https://github.com/openai/tiktoken). A vocabulary takes about 50 MB of memory, so they are loaded
/// when <see cref="LlmOptions.CountsTokens"/> is true and the first estimate needs one.
/// </summary>
internal static class Tokenizers
{
    private static readonly Lazy<Tokenizer> O200k = new(() => TiktokenTokenizer.CreateForEncoding("o200k_base"));
    private static readonly Lazy<Tokenizer> Cl100k = new(() => TiktokenTokenizer.CreateForEncoding("cl100k_base"));

    private static readonly (string Prefix, Lazy<Tokenizer> Tokenizer)[] Known =
    [
        ("gpt-5", O200k), ("gpt-4o", O200k), ("gpt-4.1", O200k), ("gpt-4.5", O200k), ("chatgpt-4o", O200k), ("gpt-oss", O200k), ("o1", O200k), ("o3", O200k), ("o4", O200k),
        ("gpt-4", Cl100k), ("gpt-3.5", Cl100k), ("text-embedding-", Cl100k),
    ];

    /// <summary>The tokenizer of a model; null where it is not known or not to be used.</summary>
    public static Tokenizer? For(LlmOptions options, ModelName model) =>
        options.CountsTokens && model.Platform is (Platforms.OpenAI or Platforms.Azure)
            ? Known.FirstOrDefault(k => model.Model.StartsWith(k.Prefix, StringComparison.OrdinalIgnoreCase)).Tokenizer?.Value
            : null;
}
