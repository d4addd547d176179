using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Core;

namespace OsMEN.Executions.Catalog;

/// <summary>Reads one file of the catalog.</summary>
internal static class CatalogFile
{
    private const int MaxBytes = 256 * 1024;

    /// <summary>The definition, or what is wrong with the file; never both.</summary>
    public static (T? Definition, IReadOnlyList<CatalogProblem> Problems) ReadFile<T>(string path, DefinitionReader<T> reader)
        where T : class, ICatalogDefinition
    {
        string text;
        try
        {
            var bytes = ReadBytes(path);
            if (bytes.Length > MaxBytes)
            {
                return (null, [new(path, 0, $"is over {MaxBytes / 1024} KB")]);
            }
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            return (null, [new(path, 0, e is DecoderFallbackException ? "is not UTF-8 text" : $"cannot be read: {e.Message}")]);
        }
        return Read(path, text, reader);
    }

    public static (T? Definition, IReadOnlyList<CatalogProblem> Problems) Read<T>(string path, string text, DefinitionReader<T> reader)
        where T : class, ICatalogDefinition
    {
        try
        {
            var (root, lines) = YamlJson.Read(text.TrimStart('\uFEFF'));
            using var json = JsonDocument.Parse(root?.ToJsonString() ?? "null");
            var (definition, errors) = reader(json.RootElement, Path.GetFileNameWithoutExtension(path), Path.GetDirectoryName(Path.GetFullPath(path))!);
            return (definition, [.. errors.Select(e => new CatalogProblem(path, YamlJson.LineOf(e.Field, lines), e.Field.Length == 0 ? e.Message : $"{e.Field} {e.Message}"))]);
        }
        catch (YamlException e)
        {
            return (null, [YamlJson.ProblemOf(path, e)]);
        }
        catch (RegexMatchTimeoutException)
        {
            return (null, [new(path, 1, "takes too long to read: has it very many '{{'?")]);
        }
    }

    private static byte[] ReadBytes(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[(int)Math.Min(file.Length, MaxBytes) + 1];
        var read = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return bytes[..read];
    }
}
