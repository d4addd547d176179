using System.Text.Json;
using OsMEN.ServiceDefaults.Logging;
using OsMEN.ServiceDefaults.Tracing;

namespace OsMEN.Tests.ServiceDefaults;

/// <summary>How the content of model calls is redacted and cut before it is exported.</summary>
public sealed class SpanAttributesTests
{
    [Fact]
    public void Secrets_are_redacted_in_every_text_and_named_value() => Assert.Equal(
        """[{"role":"user","parts":[{"type":"text","content":"Use Bearer ***"}]},{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"log_in","arguments":{"url":"https://ana:***@example.com/","login":{"password":"***","user":"ana"},"api_key":"***"}}]}]""",
        SpanAttributes.CleanJson("""[{"role":"user","parts":[{"type":"text","content":"Use Bearer hunter2"}]},{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"log_in","arguments":{"url":"https://ana:hunter2@example.com/","login":{"password":"hunter2","user":"ana"},"api_key":"hunter2"}}]}]"""));

    [Theory]
    [InlineData("name")]
    [InlineData("id")]
    [InlineData("type")]
    [InlineData("parameters")]
    public void Secrets_are_redacted_whatever_a_field_is_called(string field) => Assert.Equal(
        $$$"""[{"arguments":{"{{{field}}}":"Bearer ***"}}]""",
        SpanAttributes.CleanJson($$$"""[{"arguments":{"{{{field}}}":"Bearer hunter2"}}]"""));

    [Theory]
    [InlineData("""[{"a":{"x":"Bearer hunter2","x":1}}]""")]
    [InlineData("""[{"a":"Bearer hunter2 \ud800"}]""")]
    [InlineData("[{\"a\":\"Bearer hunter2\"")]
    public void Json_that_cannot_be_cleaned_is_redacted_as_text(string json) => Assert.DoesNotContain("hunter2", SpanAttributes.CleanJson(json), StringComparison.Ordinal);

    [Fact]
    public void Content_is_written_in_one_line() => Assert.Equal(
        """[{"role":"user","content":"Grüße: a=b"}]""",
        SpanAttributes.CleanJson("""
            [
              { "role": "user", "content": "Gr\u00fc\u00dfe: a=b" }
            ]
            """));

    [Theory]
    [InlineData("password=hunter2", "password=***")]
    [InlineData("Server=db;Password=hunter 2;", "Server=db;Password=***;")]
    [InlineData("Authorization: Basic aHVudGVyMg==", "Authorization: ***")]
    [InlineData("cookie: session=hunter2", "cookie: ***")]
    public void Another_redaction_leaves_the_json_intact(string text, string expected)
    {
        var exported = SecretRedactor.Redact(SpanAttributes.CleanJson(Messages(text, "Done; anything else?")));
        Assert.DoesNotContain("hunter", exported, StringComparison.Ordinal);
        Assert.Equal([expected, "Done; anything else?"], Contents(exported));
        Assert.Equal(exported, SpanAttributes.CleanJson(exported));
    }

    [Fact]
    public void A_file_that_is_too_large_is_described()
    {
        var large = new string('A', SpanAttributes.MaxText + 4);
        Assert.Equal(
            """[{"role":"user","parts":[{"type":"blob","content":"AQID","mime_type":"image/png","modality":"image"},{"type":"blob","content":"(32772 characters, not recorded)","mime_type":"image/png","modality":"image"}]}]""",
            SpanAttributes.CleanJson($$$"""[{"role":"user","parts":[{"type":"blob","content":"AQID","mime_type":"image/png","modality":"image"},{"type":"blob","content":"{{{large}}}","mime_type":"image/png","modality":"image"}]}]"""));
    }

    [Fact]
    public void The_latest_messages_of_a_long_conversation_are_recorded_whole()
    {
        var kept = SpanAttributes.MaxText - "The latest result".Length;
        Assert.Equal(
            ["…", new string('a', kept) + "…", "The latest result"],
            Contents(SpanAttributes.CleanJson(Messages("Question", new string('a', 40_000), "The latest result"))));
    }

    [Fact]
    public void Long_texts_are_cut_between_characters()
    {
        var text = new string('a', SpanAttributes.MaxText - 1) + "😀";
        Assert.Equal([text[..^2] + "…"], Contents(SpanAttributes.CleanJson(Messages(text))));
    }

    private static string Messages(params string[] contents) =>
        JsonSerializer.Serialize(contents.Select(c => new { role = "user", parts = new[] { new { type = "text", content = c } } }));

    private static IEnumerable<string?> Contents(string json) =>
        JsonElement.Parse(json).EnumerateArray().Select(m => m.GetProperty("parts")[0].GetProperty("content").GetString());
}
