using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using OsMEN.Executions.Catalog;

namespace OsMEN.Gateway.Alerts.Rules;

/// <summary>
/// Puts environment variables into a file's texts: <c>${NAME}</c>, or <c>${NAME:-default}</c>. It happens after the file is read, so a value
/// can never add keys. A text that is one variable and nothing else becomes a number where its value is one.
/// </summary>
internal static partial class EnvironmentText
{
    /// <summary>The node with every variable replaced; one that is not set and has no default is an error at its field.</summary>
    /// <param name="node">Changed in place, but for a text, which is returned.</param>
    /// <param name="path">The node's field, for errors.</param>
    /// <param name="variable">A variable's value, null where it is not set.</param>
    /// <param name="numbers">Whether such a text becomes a number: not where a telephone number or a key may stand.</param>
    public static JsonNode? Replace(JsonNode? node, string path, Func<string, string?> variable, List<FieldError> errors, bool numbers = true)
    {
        switch (node)
        {
            case JsonObject map:
                foreach (var name in map.Select(p => p.Key).ToArray()) map[name] = Replaced(map[name], $"{path}.{name}");
                return map;
            case JsonArray list:
                for (var i = 0; i < list.Count; i++) list[i] = Replaced(list[i], $"{path}[{i}]");
                return list;
            case JsonValue value when value.TryGetValue<string>(out var text) && text.Contains("${", StringComparison.Ordinal):
                return Text(text, path, variable, errors, numbers);
            default:
                return node;
        }

        JsonNode? Replaced(JsonNode? child, string field)
        {
            var replaced = Replace(child, field, variable, errors, numbers);
            return ReferenceEquals(replaced, child) ? child?.DeepClone() : replaced;
        }
    }

    private static JsonValue Text(string text, string path, Func<string, string?> variable, List<FieldError> errors, bool numbers)
    {
        var result = Variable().Replace(text, match =>
        {
            var name = match.Groups["name"].Value;
            if (variable(name) is { Length: > 0 } value) return value;
            if (match.Groups["default"] is { Success: true } otherwise) return otherwise.Value;
            errors.Add(new(path, $"names the environment variable {name}, which is not set"));
            return "";
        });
        var isWhole = Variable().Match(text) is { Index: 0 } first && first.Length == text.Length;
        return numbers && isWhole && double.TryParse(result, System.Globalization.CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? JsonValue.Create(number)
            : JsonValue.Create(result);
    }

    [GeneratedRegex(@"\$\{(?<name>[A-Za-z_][A-Za-z0-9_]*)(:-(?<default>[^}]*))?\}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Variable();
}
