using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OsMEN.Executions.Templates;

/// <summary>
/// A JSON value whose texts are templates. One that is nothing but a path (<c>"{{steps.mail.output.items}}"</c>) becomes the value that
/// stands there, of whatever type; any other becomes text.
/// </summary>
public sealed partial class ValueTemplate
{
    private readonly object? _value;

    private ValueTemplate(string json, object? value) => (Json, _value) = (json, value);

    /// <summary>The template as it was written.</summary>
    public string Json { get; }

    /// <exception cref="TemplateException">A text in it is no template.</exception>
    public static ValueTemplate Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        var value = TemplateData.Of(document.RootElement);
        foreach (var text in Texts(value))
            Template.Parse(text);
        return new ValueTemplate(json, value);
    }

    /// <summary>Names of the steps whose results it asks for.</summary>
    public IEnumerable<string> Steps => Texts(_value).SelectMany(Template.StepsIn).Distinct(StringComparer.Ordinal);

    /// <summary>The value as JSON, with all placeholders filled in.</summary>
    /// <exception cref="TemplateException">Something that it names is not there, or the whole is over <see cref="Template.MaxLength"/>.</exception>
    public string Render(IReadOnlyDictionary<string, object?> data)
    {
        var json = TemplateData.Json(Fill(_value, data));
        return json.Length <= Template.MaxLength ? json : throw new TemplateException($"The value is over {Template.MaxLength} characters.");
    }

    private static object? Fill(object? value, IReadOnlyDictionary<string, object?> data) => value switch
    {
        string text => OnlyPath().Match(text) is { Success: true } path ? At(path.Groups[1].Value, data) : Template.Parse(text).Render(data),
        Dictionary<string, object?> map => map.ToDictionary(p => p.Key, p => Fill(p.Value, data), StringComparer.Ordinal),
        List<object?> list => list.ConvertAll(item => Fill(item, data)),
        _ => value,
    };

    private static object? At(string path, IReadOnlyDictionary<string, object?> data)
    {
        object? at = data;
        foreach (var part in path.Split('.'))
        {
            at = at switch
            {
                IReadOnlyDictionary<string, object?> map when map.TryGetValue(part, out var item) => item,
                List<object?> list when int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var i) && i < list.Count => list[i],
                _ => throw new TemplateException($"The template '{{{{{path}}}}}' cannot be filled in: {part} is not there."),
            };
        }

        return at;
    }

    private static IEnumerable<string> Texts(object? value) => value switch
    {
        string text => [text],
        Dictionary<string, object?> map => map.Values.SelectMany(Texts),
        List<object?> list => list.SelectMany(Texts),
        _ => [],
    };

    [GeneratedRegex(@"^\s*\{\{\s*([A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*)\s*\}\}\s*\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex OnlyPath();
}
