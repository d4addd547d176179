using OsMEN.AgentWorker.Tools.Web;

namespace OsMEN.Tests.AgentWorker.Tools;

public sealed class HtmlTextTests
{
    private static readonly Uri Page = new("https://example.com/docs/page?x=1");

    [Theory]
    [InlineData("a<br>b<p>c</p><p>d", "a\nb\nc\n\nd")]
    [InlineData("<h2> Two\n words </h2><ul><li>one<li>two</ul>", "## Two words\n\n- one\n- two")]
    [InlineData("<table><tr><td>a<td>b<tr><th>c</table>", "a b\nc")]
    [InlineData("3 < 4 &amp;&nbsp;5&hellip; &copy 2026", "3 < 4 & 5… © 2026")]
    [InlineData("<title>A &amp; B</title><p title='x>y'>c", "A & B\n\nc")]
    [InlineData("<a href=' /a?b=1&amp;c=2 '>there</a>", "there (https://example.com/a?b=1&c=2)")]
    [InlineData("<a HREF=other>there</a> <a href='#top'>up</a> <a href='javascript:x()'>run</a> <a>none</a>", "there (https://example.com/docs/other) up run none")]
    [InlineData("a<!-- <p>no --><script>if (a<b && c=\"</script>b<style>p > b {}</style><noscript>no</noscript>c", "abc")]
    [InlineData("a<template><template>no</template>no</template>b<svg><title>no</svg>c<svg/>d<iframe><p>no</iframe>e", "abcde")]
    [InlineData("<textarea><b>raw</b></textarea>", "<b>raw</b>")]
    [InlineData("a<div>b<p title=\"cut", "a\nb")]
    public void Text_is_laid_out_by_blocks(string html, string text) => Assert.Equal(text, HtmlText.Of(html, Page));

    [Theory]
    [InlineData("<div>")]
    [InlineData("<b>")]
    [InlineData("<a href=x>")]
    [InlineData("<table><td>")]
    [InlineData("<template>")]
    [InlineData("<svg>")]
    [InlineData("<p a=1 b=2>")]
    [InlineData("</p>")]
    [InlineData("<!-")]
    [InlineData("<x ")]
    [InlineData("&notit;")]
    [InlineData(" ")]
    public async Task A_hostile_megabyte_takes_linear_time(string unit)
    {
        var html = "first" + string.Concat(Enumerable.Repeat(unit, 1024 * 1024 / unit.Length));
        var text = await Task.Run(() => HtmlText.Of(html, Page), TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.StartsWith("first", text, StringComparison.Ordinal);
    }
}
