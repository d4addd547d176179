using OsMEN.Executions.Templates;

namespace OsMEN.Tests.Workflows;

public sealed class TemplateTests
{
    [Theory]
    [InlineData("{{eq input.n}}", "eq takes 2 arguments, not 1")]
    [InlineData("{{#if (gt input.n 1 2)}}x{{/if}}", "gt takes 2 arguments, not 3")]
    [InlineData("{{#each}}x{{/each}}", "each takes 1 argument, not 0")]
    [InlineData("{{uppercase input.n}}", "uppercase is no helper; there are: eq, ne, gt, lt, contains, not, json, and, or, if, unless, each, with, lookup")]
    [InlineData("{{#if (or (eq input.n 1) (same input.n 2))}}x{{/if}}", "same is no helper; there are: eq, ne, gt, lt, contains, not, json, and, or, if, unless, each, with, lookup")]
    public void A_helper_that_cannot_work_is_told_when_the_template_is_read(string text, string message) =>
        Assert.Equal(message, Assert.Throws<TemplateException>(() => Template.Parse(text)).Message);

    [Theory]
    [InlineData("{{#each input.list as |item i|}}{{i}}{{item}}{{else}}none{{/each}}")]
    [InlineData("{{! a comment of words }}{{!-- {{uppercase input.n}} --}}\\{{not a helper}}")]
    [InlineData("{{#if (and (eq input.n 'a }} b') (not \"x y\"))}}x{{else if input.n}}y{{~else~}}z{{/if}}{{{json input}}}")]
    [InlineData("{{#with input}}{{../input.n}}{{@root.input.n}}{{lookup this 'n'}}{{/with}}")]
    public void What_Handlebars_knows_is_let_through(string text) => Template.Parse(text);

    [Fact]
    public void A_template_without_end_is_refused_before_it_overflows_a_stack()
    {
        Assert.Equal("is nested more than 50 deep", Assert.Throws<TemplateException>(() => Template.Parse($"{{{{#if {new string('(', 50_000)}not 1{new string(')', 50_000)}}}}}{{{{/if}}}}")).Message);
        Assert.Equal(
            "is nested more than 50 deep",
            Assert.Throws<TemplateException>(() => Template.Parse(string.Concat(Enumerable.Repeat("{{#if input}}", 20_000)) + string.Concat(Enumerable.Repeat("{{/if}}", 20_000)))).Message);
    }

    [Fact]
    public void Whatever_the_engine_stumbles_over_is_a_template_that_cannot_be_filled_in() => Assert.Throws<TemplateException>(
        () => Template.Parse("{{#/}}if").Render(new Dictionary<string, object?>(StringComparer.Ordinal)));

    private static readonly Dictionary<string, object?> Data = (Dictionary<string, object?>)TemplateData.Parse(
        """{"input":{"text":"a<b & \"q\" {{x}}","n":3,"half":0.5,"yes":true,"nothing":null,"list":["x",{"y":1}]},"steps":{"a-1":{"output":{"text":"high","n":[1,2.50]}}}}""")!;

    [Theory]
    [InlineData("{{input.text}}", "a<b & \"q\" {{x}}")]
    [InlineData("{{input.n}} {{input.half}} {{input.yes}} [{{input.nothing}}]", "3 0.5 true []")]
    [InlineData("{{#if (eq steps.a-1.output.text 'high')}}!{{else}}.{{/if}}", "!")]
    [InlineData("{{#each input.list}}{{@index}}{{/each}}", "01")]
    [InlineData("{{input.list}} {{json input.text}}", """["x",{"y":1}] "a<b & \"q\" {{x}}" """)]
    [InlineData("{{#if (and (gt input.n 2) (lt input.n 4) (not input.nothing))}}in{{/if}}", "in")]
    [InlineData("{{#if (or (contains input.text 'B &') (ne input.n 3))}}in{{/if}}", "in")]
    [InlineData("{{#if (contains input.list 'x')}}in{{/if}}", "in")]
    public void A_text_is_filled_in(string template, string text) => Assert.Equal(text.TrimEnd(), Template.Parse(template).Render(Data));

    [Theory]
    [InlineData("""{"all":"{{steps.a-1.output}}","first":"{{input.list.0}}","text":"n={{input.n}}","same":7}""", """{"all":{"text":"high","n":[1,2.50]},"first":"x","text":"n=3","same":7}""")]
    [InlineData("\"{{ input.n }}\"", "3")]
    [InlineData("[\"{{input.nothing}}\"]", "[null]")]
    public void A_value_that_is_only_a_path_keeps_its_type(string template, string json) => Assert.Equal(json, ValueTemplate.Parse(template).Render(Data));

    [Theory]
    [InlineData("{{input.missing}}", "missing is undefined")]
    [InlineData("{{#if input.missing}}{{/if}}", "missing is undefined")]
    public void What_is_not_there_is_told_by_name(string template, string reason)
    {
        var error = Assert.Throws<TemplateException>(() => Template.Parse(template).Render(Data));
        Assert.Equal($"The template '{template}' cannot be filled in: {reason}.", error.Message);
    }

    [Fact]
    public void A_value_that_is_not_there_is_told_by_its_path() => Assert.Equal(
        "The template '{{steps.b.output.text}}' cannot be filled in: b is not there.",
        Assert.Throws<TemplateException>(() => ValueTemplate.Parse("\"{{steps.b.output.text}}\"").Render(Data)).Message);

    [Theory]
    [InlineData("input.yes", true)]
    [InlineData("input.nothing", false)]
    [InlineData("eq input.n 3", true)]
    [InlineData("ne steps.a-1.output.text 'high'", false)]
    [InlineData("always", true)]
    public void A_condition_holds_or_does_not(string condition, bool holds) => Assert.Equal(holds, Template.ParseCondition(condition).Holds(Data));

    [Theory]
    [InlineData("")]
    [InlineData("{{input.n}}")]
    [InlineData("eq (input.n")]
    public void What_is_no_condition_is_refused(string text) => Assert.Throws<TemplateException>(() => Template.ParseCondition(text));

    [Fact]
    public void A_text_that_was_filled_in_is_no_template_again() =>
        Assert.Equal("a<b & \"q\" {{x}}", Template.Parse("{{input.text}}").Render(Data));

    [Fact]
    public void What_becomes_too_long_is_refused()
    {
        var data = new Dictionary<string, object?>(StringComparer.Ordinal) { ["input"] = new string('x', Template.MaxLength) };
        Assert.Throws<TemplateException>(() => Template.Parse("{{input}}{{input}}").Render(data));
        Assert.Throws<TemplateException>(() => ValueTemplate.Parse("""["{{input}}","{{input}}"]""").Render(data));
    }
}
