using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OsMEN.AgentWorker.Tools;
using OsMEN.AgentWorker.Tools.Web;

namespace OsMEN.Tests.AgentWorker.Tools;

/// <summary>What agents may read over HTTP, and what not.</summary>
public sealed class HttpGetTests : IAsyncLifetime
{
    private static readonly ToolOptions Allowing = new() { AllowedNetworks = [IPNetwork.Parse("127.0.0.0/8")], HttpTimeout = TimeSpan.FromMinutes(1), HttpMaxBytes = 10_000 };

    private WebApplication? _server;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Address => _server!.Urls.First();

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _server = builder.Build();
        _server.Run(AnswerAsync);
        await _server.StartAsync(Token);
    }

    public async ValueTask DisposeAsync()
    {
        // A request that hangs ends with its client.
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _server!.StopAsync(now.Token);
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.8.9.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("10.0.0.1", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("ff02::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("2002:7f00:1::", false)]
    [InlineData("2001:db8::1", false)]
    [InlineData("100.127.255.255", false)]
    [InlineData("100.128.0.1", true)]
    [InlineData("168.63.129.16", false)]
    [InlineData("239.255.255.250", false)]
    [InlineData("::ffff:169.254.169.254", false)]
    [InlineData("::7f00:1", false)]
    [InlineData("::ffff:0:7f00:1", false)]
    [InlineData("64:ff9b:1::7f00:1", false)]
    [InlineData("2001:0:7f00:1::", false)]
    [InlineData("fec0::1", false)]
    [InlineData("5f00::1", false)]
    [InlineData("4000::1", false)]
    public void Only_public_addresses_are_allowed(string address, bool allowed) =>
        Assert.Equal(allowed, new AddressGuard(new ToolOptions()).IsAllowed(IPAddress.Parse(address)));

    [Theory]
    [InlineData("http://127.0.0.1:{0}/text")]
    [InlineData("http://localhost:{0}/text")]
    [InlineData("http://[::ffff:127.0.0.1]:{0}/text")]
    [InlineData("http://2130706433:{0}/text")]
    [InlineData("http://0x7f.1:{0}/text")]
    public async Task A_private_address_is_refused_however_it_is_written(string url)
    {
        using var tool = Tool(new ToolOptions());
        var refused = await Assert.ThrowsAsync<ToolFailedException>(() => tool.GetAsync(url.Replace("{0}", new Uri(Address).Port.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal), cancellationToken: Token));
        Assert.EndsWith("is not at a public address; private, loopback and link-local addresses are not allowed.", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file:///etc/passwd")]
    [InlineData("ftp://example.org/")]
    [InlineData("http://user:secret@127.0.0.1/")]
    public async Task Other_schemes_and_user_names_are_refused(string url)
    {
        using var tool = Tool(Allowing);
        Assert.Equal("Only http and https addresses without a user name can be fetched.", (await Assert.ThrowsAsync<ToolFailedException>(() => tool.GetAsync(url, cancellationToken: Token))).Message);
    }

    [Fact]
    public async Task A_redirect_is_looked_at_like_an_address()
    {
        using var tool = Tool(Allowing);
        Assert.EndsWith("/text (text/plain)\n\nhello", await tool.GetAsync(Address + "/to?/text", cancellationToken: Token), StringComparison.Ordinal);
        Assert.StartsWith("169.254.169.254 is not at", (await FailAsync(tool, "/to?http://169.254.169.254/latest/meta-data")).Message, StringComparison.Ordinal);
        Assert.StartsWith("Only http and https", (await FailAsync(tool, "/to?file:///etc/passwd")).Message, StringComparison.Ordinal);
        Assert.Equal("There were more than 5 redirects.", (await FailAsync(tool, "/round")).Message);
    }

    [Fact]
    public async Task Html_becomes_its_text_with_links()
    {
        using var tool = Tool(Allowing);
        var text = await tool.GetAsync(Address + "/page", cancellationToken: Token);
        Assert.Equal(
            $"{Address}/page (text/html)\n\nA & B\n\n# Heading\nFirst line, a link ({Address}/other?x=1).\n\n- one\n- two\n\na b",
            string.Join('\n', text.Split('\n').Select(l => l.TrimEnd())));
    }

    [Fact]
    public async Task Limits_of_size_type_and_status_are_told()
    {
        using var tool = Tool(Allowing);
        Assert.EndsWith("(the document is longer than can be read)", await tool.GetAsync(Address + "/endless", cancellationToken: Token), StringComparison.Ordinal);
        Assert.EndsWith("is image/png; only text, HTML, JSON and XML can be read.", (await FailAsync(tool, "/image")).Message, StringComparison.Ordinal);
        Assert.EndsWith("answered 404 Not Found: nothing here", (await FailAsync(tool, "/nothing")).Message, StringComparison.Ordinal);
        Assert.EndsWith("\n\nllo", await tool.GetAsync(Address + "/text", start: 2, cancellationToken: Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_takes_too_long_ends()
    {
        using var tool = Tool(Allowing with { HttpTimeout = TimeSpan.FromMilliseconds(300) });
        Assert.Equal("127.0.0.1 did not answer within 0.3 s.", (await FailAsync(tool, "/hang")).Message);
    }

    private static HttpGet Tool(ToolOptions options) => new(options, new AddressGuard(options));

    private Task<ToolFailedException> FailAsync(HttpGet tool, string path) => Assert.ThrowsAsync<ToolFailedException>(() => tool.GetAsync(Address + path, cancellationToken: Token));

    private static async Task AnswerAsync(HttpContext context)
    {
        var response = context.Response;
        switch (context.Request.Path.Value)
        {
            case "/text":
                response.ContentType = "text/plain";
                await response.WriteAsync("hello");
                break;
            case "/to":
                response.StatusCode = 302;
                response.Headers.Location = context.Request.QueryString.Value![1..];
                break;
            case "/round":
                response.StatusCode = 307;
                response.Headers.Location = "/round";
                break;
            case "/page":
                response.ContentType = "text/html; charset=utf-8";
                await response.WriteAsync(
                    "<html><head><title>A &amp; B</title><style>p {}</style><script>if (a < b) document.write('<p>no</p>')</script></head><body><!-- <p>no --><h1>Heading</h1>"
                    + "First   line,\n <a class=\"x\" href=\"/other?x=1\">a link</a>.<ul><li>one<li>two</ul><table><tr><td>a</td><td>b</td></tr></table></body>");
                break;
            case "/endless":
                response.ContentType = "text/plain";
                var line = Encoding.ASCII.GetBytes(new string('x', 1000));
                while (!context.RequestAborted.IsCancellationRequested)
                    await response.Body.WriteAsync(line, context.RequestAborted);
                break;
            case "/image":
                response.ContentType = "image/png";
                break;
            case "/hang":
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
                break;
            default:
                response.StatusCode = 404;
                response.ContentType = "text/plain";
                await response.WriteAsync("nothing here");
                break;
        }
    }
}
