using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace OsMEN.Gateway.Queries;

/// <summary>A parameter of a query string: one definition for its reader, for what is refused, and for the API's description.</summary>
/// <param name="what">A phrase for the API's description.</param>
/// <param name="mustBe">What a value has to be, as the end of a sentence that begins with the parameter's name: "must be 1 to 1000".</param>
/// <param name="schema">Of the value, for the API's description.</param>
internal abstract class QueryParameter(string name, string what, string mustBe, OpenApiSchema schema)
{
    public string Name => name;

    public string MustBe => mustBe;

    /// <summary>The schema of any text.</summary>
    public static OpenApiSchema OfText => new() { Type = JsonSchemaType.String };

    public OpenApiParameter Describe() => new() { Name = name, In = ParameterLocation.Query, Description = what, Schema = schema };

    public abstract bool Accepts(string text);

    /// <summary>How many items a page has at most.</summary>
    public static QueryParameter<int?> Limit(int otherwise, int most) => Number("limit", "Items of a page at most", otherwise, most);

    public static QueryParameter<int?> Number(string name, string what, int otherwise, int most) => new(
        name,
        what,
        string.Create(CultureInfo.InvariantCulture, $"must be 1 to {most}"),
        new OpenApiSchema
        {
            Type = JsonSchemaType.Integer,
            Minimum = "1",
            Maximum = most.ToString(CultureInfo.InvariantCulture),
            Default = JsonValue.Create(otherwise),
        },
        text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most ? number : null,
        otherwise);

    /// <summary>A time; of one without an offset it is taken that it is UTC.</summary>
    public static QueryParameter<DateTimeOffset?> Time(string name, string what) => new(
        name,
        what,
        "must be a time, such as 2030-01-31T08:00:00Z",
        new OpenApiSchema { Type = JsonSchemaType.String, Format = "date-time" },
        text => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) && text.Length >= 10 && time.Year is >= 1970 and < 9999 ? time : null);

    /// <summary>One of a few values, by their names in any case.</summary>
    public static QueryParameter<T?> OneOf<T>(string name, string what, IEnumerable<T> values, Func<T, string> nameOf)
        where T : struct
    {
        var byName = values.ToDictionary(nameOf, v => (T?)v, StringComparer.OrdinalIgnoreCase);
        return new QueryParameter<T?>(name, what, $"must be one of: {string.Join(", ", byName.Keys)}", Names(byName.Keys), text => byName.GetValueOrDefault(text));
    }

    public static QueryParameter<string?> OneOf(string name, string what, params IReadOnlyList<string> values) =>
        new(name, what, $"must be one of: {string.Join(", ", values)}", Names(values), text => values.FirstOrDefault(v => v.Equals(text, StringComparison.OrdinalIgnoreCase)));

    public static QueryParameter<string?> Text(string name, string what, string mustBe, Func<string, bool> isValid) =>
        new(name, what, mustBe, OfText, text => isValid(text) ? text : null);

    /// <summary>Where the next page begins: the <c>next_cursor</c> of the one before.</summary>
    /// <param name="read">Null for what is no cursor of these pages.</param>
    public static QueryParameter<T?> Cursor<T>(Func<string, T?> read) =>
        new("cursor", "The next_cursor of the page before", "must be the next_cursor of a page", OfText, read);

    private static OpenApiSchema Names(IEnumerable<string> names) => new() { Type = JsonSchemaType.String, Enum = [.. names.Select(n => (JsonNode)n)] };
}

/// <typeparam name="T">A type with null, which is what a parameter that is absent or empty gives.</typeparam>
/// <param name="read">Null for a text that is refused.</param>
/// <param name="otherwise">What an absent parameter gives.</param>
internal sealed class QueryParameter<T>(string name, string what, string mustBe, OpenApiSchema schema, Func<string, T?> read, T? otherwise = default)
    : QueryParameter(name, what, mustBe, schema)
{
    public override bool Accepts(string text) => read(text) is not null;

    /// <summary>The value of a request that <see cref="QueryParameters.Takes"/> let through.</summary>
    public T? Of(HttpContext context) => context.Request.Query[Name].ToString() is { Length: > 0 } text ? read(text) : otherwise;
}
