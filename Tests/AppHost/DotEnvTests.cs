using OsMEN.AppHost;

namespace OsMEN.Tests.AppHost;

public sealed class DotEnvTests
{
    [Fact]
    public void Every_form_of_a_line_is_read() => Assert.Equal(
        new Dictionary<string, string>
        {
            ["PLAIN"] = "value",
            ["EXPORTED"] = "1",
            ["EMPTY"] = "",
            ["SPACED"] = "a b",
            ["COMMENTED"] = "x",
            ["HASH"] = "a#b",
            ["SINGLE"] = @"a\n # $b",
            ["DOUBLE"] = "a\n\"$b\"",
            ["URL"] = "https://host/?a=b",
            ["TWICE"] = "2",
            ["DOLLAR"] = "pa$word-${HOME}",
            ["QUOTED_DOLLAR"] = "x${HOME}y",
            ["APOSTROPHE"] = "it's",
            ["OTHER_ESCAPES"] = @"a\tb\x41",
        },
        DotEnv.Parse(
        [
            "# a comment", "", "PLAIN=value", "export EXPORTED=1", "EMPTY=", "SPACED = a b ", "COMMENTED=x # why", "HASH=a#b",
            @"SINGLE='a\n # $b' # after", """DOUBLE="a\n\"\$b\"" """, "URL=https://host/?a=b", "TWICE=1", "TWICE=2",
            "DOLLAR=pa$word-${HOME}", "QUOTED_DOLLAR=\"x${HOME}y\"", "APOSTROPHE=it's", """OTHER_ESCAPES="a\tb\x41" """,
        ]));

    [Theory]
    [InlineData("OPENAI_API_KEY sk-secret", "line 2 is not NAME=value.")]
    [InlineData("1KEY=sk-secret", "line 2 is not NAME=value.")]
    [InlineData("=sk-secret", "line 2 is not NAME=value.")]
    [InlineData("KEY=\"sk-secret", "line 2: the quoted value of KEY does not end with its quote.")]
    [InlineData("KEY='sk-secret' more", "line 2: the quoted value of KEY does not end with its quote.")]
    public void A_line_that_cannot_be_read_is_told_by_its_number_without_its_value(string line, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => DotEnv.Parse(["A=1", line])).Message);
}
