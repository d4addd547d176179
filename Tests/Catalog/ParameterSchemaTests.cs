using System.Text.Json;
using OsMEN.Executions.Catalog;
using OsMEN.Executions.Catalog.Parameters;

namespace OsMEN.Tests.Catalog;

/// <summary>What is wrong with a schema or with parameters is said with the field and in words.</summary>
public sealed class ParameterSchemaTests
{
    private const string Supported =
        "is not supported; there are: type, properties, required, additionalProperties, enum, const, items, minItems, maxItems, uniqueItems, minLength, maxLength, pattern, "
        + "minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, anyOf, oneOf, allOf, format, title, description, default, examples";

    [Theory]
    [InlineData("""{"text":{"minlength":1}}""", "parameters.properties.text.minlength", Supported)]
    [InlineData("""{"text":{"$ref":"#"}}""", "parameters.properties.text.$ref", Supported)]
    [InlineData("""{"text":{"not":{}}}""", "parameters.properties.text.not", Supported)]
    [InlineData("""{"text":{"minLength":"1"}}""", "parameters.properties.text.minLength", "must be a whole number, 0 or more")]
    [InlineData("""{"text":{"minLength":-1}}""", "parameters.properties.text.minLength", "must be a whole number, 0 or more")]
    [InlineData("""{"text":{"maxItems":1.5}}""", "parameters.properties.text.maxItems", "must be a whole number, 0 or more")]
    [InlineData("""{"text":{"type":"text"}}""", "parameters.properties.text.type", "must be one of array, boolean, integer, null, number, object, string, or a list of them, each once")]
    [InlineData("""{"text":{"type":[]}}""", "parameters.properties.text.type", "must be one of array, boolean, integer, null, number, object, string, or a list of them, each once")]
    [InlineData("""{"text":{"type":["null","null"]}}""", "parameters.properties.text.type", "must be one of array, boolean, integer, null, number, object, string, or a list of them, each once")]
    [InlineData("""{"text":{"type":null}}""", "parameters.properties.text.type", "must be one of array, boolean, integer, null, number, object, string, or a list of them, each once")]
    [InlineData("""{"text":{"pattern":"(a"}}""", "parameters.properties.text.pattern", "is not a pattern that is supported, at character 2: ( is not closed")]
    [InlineData("""{"text":{"pattern":"(?=a)"}}""", "parameters.properties.text.pattern", "is not a pattern that is supported, at character 1: of groups, ( and (?: are supported")]
    [InlineData("""{"text":{"pattern":"((a{1000}){1000}){1000}"}}""", "parameters.properties.text.pattern", "is a pattern that repeats too much: 10000 characters with all repetitions are supported")]
    [InlineData("""{"text":{"pattern":"[b-a]"}}""", "parameters.properties.text.pattern", "is not a pattern that is supported, at character 4: a range in [] goes from a character to a later one")]
    [InlineData("""{"text":{"enum":[]}}""", "parameters.properties.text.enum", "must be a list of 1 to 1000 values")]
    [InlineData("""{"text":{"multipleOf":0}}""", "parameters.properties.text.multipleOf", "must be a number above 0")]
    [InlineData("""{"text":{"minimum":1e99999}}""", "parameters.properties.text.minimum", "is a number that is too long, too large or too small")]
    [InlineData("""{"text":{"maximum":"9"}}""", "parameters.properties.text.maximum", "must be a number")]
    [InlineData("""{"text":{"uniqueItems":1}}""", "parameters.properties.text.uniqueItems", "must be true or false")]
    [InlineData("""{"text":{"required":["a","a"]}}""", "parameters.properties.text.required", "must be a list of names, each once")]
    [InlineData("""{"text":{"anyOf":[]}}""", "parameters.properties.text.anyOf", "must be a list of at least one schema")]
    [InlineData("""{"text":{"anyOf":[{"type":"string"},{"max":1}]}}""", "parameters.properties.text.anyOf[1].max", Supported)]
    [InlineData("""{"text":{"anyOf":[{"default":1}]}}""", "parameters.properties.text.anyOf[0].default", "is not supported inside anyOf and oneOf")]
    [InlineData("""{"text":{"title":1}}""", "parameters.properties.text.title", "must be text")]
    [InlineData("""{"text":{"items":true}}""", "parameters.properties.text.items", "must be a schema: an object with keywords")]
    [InlineData("""{"text":true}""", "parameters.properties.text", "must be a schema: an object with keywords")]
    [InlineData("""{"text":{"type":"string","default":1}}""", "parameters.properties.text.default", "must be text")]
    [InlineData("""{"text":{"type":"object","default":{"n":0},"properties":{"n":{"minimum":1}}}}""", "parameters.properties.text.default.n", "must be at least 1")]
    [InlineData("""{"text":{},"text":{}}""", "parameters.properties.text", "is there twice")]
    [InlineData("""{"text":{"title":"\ud800"}}""", "parameters.properties.text.title", "must be valid Unicode without NUL")]
    public void A_schema_with_what_is_not_supported_is_refused(string properties, string field, string message)
    {
        var errors = new List<FieldError>();
        Assert.Null(ParameterSchema.Read(Json($$"""{"type":"object","properties":{{properties}} }"""), "parameters", errors));
        Assert.Equal([new FieldError(field, message)], errors);
    }

    [Theory]
    [InlineData("""{"properties":{}}""", "parameters.type", "must be object: parameters are named")]
    [InlineData("""{"type":["object","null"]}""", "parameters.type", "must be object: parameters are named")]
    [InlineData("""{"type":"object","$schema":"http://json-schema.org/draft-07/schema#"}""", "parameters.$schema", "must be https://json-schema.org/draft/2020-12/schema, the draft that is supported")]
    [InlineData("[]", "parameters", "must be a schema: an object with keywords")]
    public void Parameters_are_an_object(string schema, string field, string message)
    {
        var errors = new List<FieldError>();
        Assert.Null(ParameterSchema.Read(Json(schema), "parameters", errors));
        Assert.Equal([new FieldError(field, message)], errors);
    }

    [Fact]
    public void A_schema_may_be_sixteen_deep()
    {
        static string Nested(int depth) => depth == 1 ? "{}" : $$"""{"items":{{Nested(depth - 1)}} }""";
        static string Schema(int depth) => $$"""{"type":"object","properties":{"a":{{Nested(depth - 1)}} } }""";
        Assert.NotNull(Read(Schema(16)));
        var errors = new List<FieldError>();
        Assert.Null(ParameterSchema.Read(Json(Schema(17)), "p", errors));
        Assert.Equal("is nested too deep: 16 schemas within each other are supported", Assert.Single(errors).Message);
    }

    [Theory]
    [InlineData("""{"type":"string"}""", "1", "input.a", "must be text")]
    [InlineData("""{"type":["integer","null"]}""", "1.5", "input.a", "must be a whole number, or null")]
    [InlineData("""{"type":"boolean"}""", "\"true\"", "input.a", "must be true or false")]
    [InlineData("""{"enum":["short","long",3]}""", "\"middle\"", "input.a", "must be one of: short, long, 3")]
    [InlineData("""{"const":"yes"}""", "null", "input.a", "must be yes")]
    [InlineData("""{"maxLength":10}""", "\"12345678901\"", "input.a", "must be at most 10 characters")]
    [InlineData("""{"minLength":1}""", "\"\"", "input.a", "must be at least 1 character")]
    [InlineData("""{"minLength":2}""", "\"😀\"", "input.a", "must be at least 2 characters")]
    [InlineData("""{"pattern":"^[a-z]+$"}""", "\"a\\n\"", "input.a", "must match the pattern ^[a-z]+$")]
    [InlineData("""{"minimum":0.1}""", "0.09", "input.a", "must be at least 0.1")]
    [InlineData("""{"exclusiveMaximum":1}""", "1.0", "input.a", "must be less than 1")]
    [InlineData("""{"exclusiveMinimum":1}""", "10e-1", "input.a", "must be more than 1")]
    [InlineData("""{"maximum":9007199254740992}""", "9007199254740993", "input.a", "must be at most 9007199254740992")]
    [InlineData("""{"multipleOf":0.1}""", "0.35", "input.a", "must be a multiple of 0.1")]
    [InlineData("""{"minItems":1}""", "[]", "input.a", "must have at least 1 item")]
    [InlineData("""{"maxItems":1}""", "[1,2]", "input.a", "must have at most 1 item")]
    [InlineData("""{"uniqueItems":true}""", """[{"a":1,"b":2},3,{"b":2.0,"a":1e0}]""", "input.a[2]", "must not be there twice: it is the same as input.a[0]")]
    [InlineData("""{"items":{"properties":{"name":{"type":"string"}}}}""", """[{},{},{"name":1}]""", "input.a[2].name", "must be text")]
    [InlineData("""{"required":["name"]}""", "{}", "input.a.name", "is required")]
    [InlineData("""{"additionalProperties":false,"properties":{"x":{},"y":{}}}""", """{"z":1}""", "input.a.z", "is not known; there are: x, y")]
    [InlineData("""{"additionalProperties":{"type":"number"}}""", """{"z":"1"}""", "input.a.z", "must be a number")]
    [InlineData("""{"anyOf":[{"type":"string"},{"minimum":3,"type":"number"}]}""", "2", "input.a", "fits none of the alternatives: input.a must be text; input.a must be at least 3")]
    [InlineData("""{"oneOf":[{"minimum":1},{"minimum":2}]}""", "2", "input.a", "must fit exactly one of the alternatives, and fits 2")]
    [InlineData("""{"allOf":[{"minimum":1},{"maximum":2}]}""", "3", "input.a", "must be at most 2")]
    [InlineData("{}", "\"\\udc00\"", "input.a", "must be valid Unicode without NUL")]
    [InlineData("{}", """{"b":1,"b":2}""", "input.a.b", "is there twice")]
    [InlineData("{}", "1e-5000", "input.a", "is a number that is too long, too large or too small")]
    public void A_value_that_does_not_fit_is_told_with_its_place(string schema, string value, string field, string message)
    {
        var parameters = Read($$"""{"type":"object","properties":{"a":{{schema}} } }""");
        Assert.Equal([new FieldError(field, message)], parameters.Validate(Json($$"""{"a":{{value}} }"""), "input"));
    }

    [Theory]
    [InlineData("""{"type":"integer"}""", "1.0")]
    [InlineData("""{"enum":[1]}""", "1.00")]
    [InlineData("""{"const":{"a":[1,null]}}""", """{"a":[1.0,null]}""")]
    [InlineData("""{"multipleOf":0.1}""", "0.3")]
    [InlineData("""{"multipleOf":1e-3}""", "1e300")]
    [InlineData("""{"maxLength":1}""", "\"😀\"")]
    [InlineData("""{"format":"email"}""", "\"no address\"")]
    public void A_value_that_fits_has_no_fault(string schema, string value) =>
        Assert.Empty(Read($$"""{"type":"object","properties":{"a":{{schema}} } }""").Validate(Json($$"""{"a":{{value}} }"""), "input"));

    [Fact]
    public void At_most_fifty_faults_are_told()
    {
        var parameters = Read("""{"type":"object","properties":{"a":{"items":{"type":"string"}}}}""");
        var faults = parameters.Validate(Json($$"""{"a":[{{string.Join(',', Enumerable.Range(0, 1000))}}]}"""), "input");
        Assert.Equal(50, faults.Count);
        Assert.Equal(new("input.a[49]", "must be text"), faults[49]);
    }

    [Theory]
    [InlineData("^(a+)+$", "!")]
    [InlineData("^(.+)+$", "\\n")]
    [InlineData("^(\\\\S+\\\\s?)+$", "  ")]
    [InlineData("^([^,]+,?)+$", ",,")]
    public void Text_made_to_make_matching_slow_is_matched_at_once(string pattern, string end)
    {
        var parameters = Read($$$$"""{"type":"object","properties":{"a":{"pattern":"{{{{pattern}}}}"}}}""");
        Assert.Single(parameters.Validate(Json($$"""{"a":"{{new string('a', 50_000)}}{{end}}"}"""), "input"));
    }

    [Theory]
    [InlineData("{}", """{"count":3,"place":{"city":"Bern"}}""")]
    [InlineData("""{"count":null,"place":{}}""", """{"count":null,"place":{"city":"Bern"}}""")]
    [InlineData("""{"other":1,"count":4,"list":[{},{"unit":"km"},7]}""", """{"other":1,"count":4,"list":[{"unit":"m"},{"unit":"km"},7],"place":{"city":"Bern"}}""")]
    [InlineData("""{"place":"Basel"}""", """{"place":"Basel","count":3}""")]
    [InlineData("[1]", "[1]")]
    public void What_is_absent_gets_its_default(string value, string filled)
    {
        var parameters = Read(
            """
            {
              "type": "object",
              "properties": {
                "count": { "type": "integer", "default": 3 },
                "list": { "items": { "properties": { "unit": { "default": "m" } } } }
              },
              "allOf": [{ "properties": { "place": { "default": {}, "properties": { "city": { "default": "Bern" } } } } }]
            }
            """);
        Assert.Equal(filled, parameters.WithDefaults(Json(value)));
    }

    [Fact]
    public void The_schema_is_kept_as_it_was_written()
    {
        const string Schema = """{"type":"object","properties":{"a":{"title":"A","examples":[1]}}}""";
        ParameterSchema parameters;
        using (var document = JsonDocument.Parse(Schema))
        {
            parameters = ParameterSchema.Read(document.RootElement, "parameters", [])!;
        }
        Assert.Equal(Schema, parameters.Json.GetRawText());
    }

    private static ParameterSchema Read(string schema)
    {
        var errors = new List<FieldError>();
        var parameters = ParameterSchema.Read(Json(schema), "parameters", errors);
        Assert.Empty(errors);
        return parameters!;
    }

    private static JsonElement Json(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}
