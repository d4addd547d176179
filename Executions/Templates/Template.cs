using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using HandlebarsDotNet;

namespace OsMEN.Executions.Templates;

/// <summary>
/// A text with placeholders in Handlebars (https://handlebarsjs.com/guide/): <c>{{input.text}}</c>, <c>{{#if …}}</c>, <c>{{#each …}}</c>, and
/// the helpers <c>eq ne gt lt and or not contains json</c>. What it names must be there; nothing is escaped, since no HTML is made.
/// </summary>
public sealed partial class Template
{
    /// <summary>Most characters of a template, and of what it makes: a million.</summary>
    public const int MaxLength = 1_000_000;

    // Compiling takes milliseconds and a workflow's steps are looked at again and again. Texts come from the catalog, so they are few.
    private const int MaxCompiled = 2000;

    private static readonly IHandlebars Engine = CreateEngine();
    private static readonly ConcurrentDictionary<string, HandlebarsTemplate<object, object>> Compiled = new(StringComparer.Ordinal);

    private readonly HandlebarsTemplate<object, object> _render;
    private readonly string _text;

    private Template(string text, HandlebarsTemplate<object, object> render) => (_text, _render) = (text, render);

    /// <exception cref="TemplateException">It is no template.</exception>
    public static Template Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > MaxLength)
            throw new TemplateException($"is over {MaxLength} characters");
        if (Compiled.TryGetValue(text, out var known))
            return new Template(text, known);
        TemplateCheck.Run(text);
        try
        {
            var compiled = Engine.Compile(text);
            if (Compiled.Count < MaxCompiled)
                Compiled.TryAdd(text, compiled);
            return new Template(text, compiled);
        }
        catch (Exception e) when (e is HandlebarsException or ArgumentException or InvalidOperationException or FormatException)
        {
            throw new TemplateException($"is no template: {FirstLine(e.Message)}", e);
        }
    }

    /// <summary>A condition as a template: a path (<c>input.urgent</c>), a helper with its arguments (<c>eq input.kind 'bug'</c>) or <c>always</c>.</summary>
    /// <exception cref="TemplateException">It is no condition.</exception>
    public static Template ParseCondition(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var condition = text.Trim();
        if (condition == "always")
            return Parse("1");
        if (Root().Match(condition) is { Success: true } root && root.Value is not ("input" or "steps" or "execution" or "true" or "false"))
            throw new TemplateException($"{condition} is neither of input, steps nor execution");
        return condition.Length > 0 && !condition.Contains("{{", StringComparison.Ordinal)
            ? Parse(condition.Contains(' ') ? $"{{{{#if ({condition})}}}}1{{{{/if}}}}" : $"{{{{#if {condition}}}}}1{{{{/if}}}}")
            : throw new TemplateException("must be a condition such as: eq steps.triage.output.urgency 'high'");
    }

    /// <summary>Names of the steps whose results it asks for.</summary>
    public static IEnumerable<string> StepsIn(string text) =>
        Expression().Matches(text).SelectMany(e => StepReference().Matches(e.Value)).Select(m => m.Groups[1].Value).Distinct(StringComparer.Ordinal);

    /// <summary>The text with all placeholders filled in.</summary>
    /// <exception cref="TemplateException">Something that it names is not there.</exception>
    public string Render(IReadOnlyDictionary<string, object?> data)
    {
        try
        {
            var text = _render(data);
            return text.Length <= MaxLength ? text : throw new TemplateException($"The template's text is over {MaxLength} characters.");
        }
        catch (Exception e) when (e is not (TemplateException or OutOfMemoryException))
        {
            // The engine's own exceptions, and whatever else it stumbles over: a template comes from outside.
            throw new TemplateException($"The template '{Shorten(_text)}' cannot be filled in: {FirstLine(e.Message)}.", e);
        }
    }

    /// <summary>Whether a condition holds.</summary>
    /// <exception cref="TemplateException">Something that it names is not there.</exception>
    public bool Holds(IReadOnlyDictionary<string, object?> data) => Render(data).Length > 0;

    private static IHandlebars CreateEngine()
    {
        var engine = Handlebars.Create(new HandlebarsConfiguration { NoEscape = true, ThrowOnUnresolvedBindingExpression = true, FormatProvider = CultureInfo.InvariantCulture });
        engine.Configuration.FormatterProviders.Add(new JsonFormat());
        engine.RegisterHelper("eq", (_, a) => Same(a[0], a[1]));
        engine.RegisterHelper("ne", (_, a) => !Same(a[0], a[1]));
        engine.RegisterHelper("gt", (_, a) => Number(a[0]) > Number(a[1]));
        engine.RegisterHelper("lt", (_, a) => Number(a[0]) < Number(a[1]));
        engine.RegisterHelper("and", (_, a) => a.All(value => HandlebarsUtils.IsTruthy(value)));
        engine.RegisterHelper("or", (_, a) => a.Any(value => HandlebarsUtils.IsTruthy(value)));
        engine.RegisterHelper("not", (_, a) => !HandlebarsUtils.IsTruthy(a[0]));
        engine.RegisterHelper("contains", (_, a) => Contains(a[0], a[1]));
        engine.RegisterHelper("json", (_, a) => TemplateData.Json(a[0]));
        return engine;
    }

    private static bool Same(object? a, object? b) => Equals(Convert.ToString(a, CultureInfo.InvariantCulture), Convert.ToString(b, CultureInfo.InvariantCulture));

    private static decimal? Number(object? value) => decimal.TryParse(Convert.ToString(value, CultureInfo.InvariantCulture), CultureInfo.InvariantCulture, out var n) ? n : null;

    private static bool Contains(object? whole, object? part) => whole is IReadOnlyList<object?> list
        ? list.Any(item => Same(item, part))
        : whole is string text && part is not null && text.Contains(Convert.ToString(part, CultureInfo.InvariantCulture)!, StringComparison.OrdinalIgnoreCase);

    private static string FirstLine(string message) => message.Split('\n', 2)[0].TrimEnd('\r', '.', ' ');

    private static string Shorten(string text) => text.Length <= 80 ? text : text[..80] + "…";

    [GeneratedRegex(@"\{\{.*?\}\}", RegexOptions.CultureInvariant | RegexOptions.Singleline, 1000)]
    private static partial Regex Expression();

    // Of a condition that is a path and nothing else.
    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_-]*(?=(\.[^\s()]+)?\z)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Root();

    [GeneratedRegex(@"\bsteps\.([a-z0-9][a-z0-9_-]*)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex StepReference();
}
