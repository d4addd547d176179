using System.ComponentModel;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.AI;
using OsMEN.AgentWorker.Agents;
using OsMEN.Executions.Catalog;
using OsMEN.ServiceDefaults;

namespace OsMEN.AgentWorker.Tools.Web;

/// <summary>Reads the public web: text, HTML as text, JSON and XML, within limits of size and time.</summary>
internal sealed class HttpGet : IBuiltInTool, IDisposable
{
    private const int MaxRedirects = 5;

    // A page's worth for a model; the rest is there with another start.
    private const int MaxText = 40_000;

    private readonly ToolOptions _options;
    private readonly HttpClient _http;

    public HttpGet(ToolOptions options, AddressGuard guard)
    {
        _options = options;
        _http = new HttpClient(guard.CreateHandler()) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue(ServiceIdentity.Solution, "1.0"));
        _http.DefaultRequestHeaders.Accept.ParseAdd("text/html, application/json, application/xml, text/*;q=0.9, */*;q=0.1");
    }

    public string Name => BuiltInTools.HttpGet;

    public AIFunction For(AgentRun run) => ToolFunctions.Create(GetAsync, Name, repeatable: true);

    public void Dispose() => _http.Dispose();

    [Description("Fetches a web page or document with HTTP GET and returns it as text; HTML is reduced to its text and links. Public addresses only.")]
    public async Task<string> GetAsync(
        [Description("An absolute http or https address.")] string url,
        [Description("Character to start at, to go on reading a long document; 0 when left out.")] int start = 0,
        CancellationToken cancellationToken = default)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address))
            throw new ToolFailedException("The url must be absolute, such as https://example.org/page.");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.HttpTimeout);
        try
        {
            return await FetchAsync(address, Math.Max(start, 0), limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ToolFailedException(string.Create(CultureInfo.InvariantCulture, $"{address.Host} did not answer within {_options.HttpTimeout.TotalSeconds:0.#} s."));
        }
        catch (HttpRequestException e)
        {
            throw new ToolFailedException(e.InnerException is AddressRefusedException refused ? refused.Message : $"{address.Host} could not be reached: {e.Message}", e);
        }
    }

    private async Task<string> FetchAsync(Uri address, int start, CancellationToken cancellationToken)
    {
        for (var redirects = 0; ; redirects++)
        {
            if (address.Scheme is not ("http" or "https") || address.UserInfo.Length > 0)
                throw new ToolFailedException("Only http and https addresses without a user name can be fetched.");
            using var response = await _http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if ((int)response.StatusCode is 301 or 302 or 303 or 307 or 308 && response.Headers.Location is { } next)
            {
                if (redirects == MaxRedirects)
                    throw new ToolFailedException($"There were more than {MaxRedirects} redirects.");
                address = new Uri(address, next);
                continue;
            }

            var (text, cut) = await ReadAsync(response.Content, address, cancellationToken);
            if (!response.IsSuccessStatusCode)
                throw new ToolFailedException(string.Create(CultureInfo.InvariantCulture, $"{address} answered {(int)response.StatusCode} {response.ReasonPhrase}: {Part(text, 0, 500)}"));
            return Describe(address, response.Content.Headers.ContentType?.MediaType, text, start, cut);
        }
    }

    private async Task<(string Text, bool Cut)> ReadAsync(HttpContent content, Uri address, CancellationToken cancellationToken)
    {
        var type = content.Headers.ContentType?.MediaType?.ToLowerInvariant() ?? "text/plain";
        if (!IsText(type))
            throw new ToolFailedException($"{address} is {type}; only text, HTML, JSON and XML can be read.");
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        var bytes = new byte[_options.HttpMaxBytes];
        var read = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        using var reader = new StreamReader(new MemoryStream(bytes, 0, read), EncodingOf(content.Headers.ContentType), detectEncodingFromByteOrderMarks: true);
        var text = await reader.ReadToEndAsync(cancellationToken);
        return (type is "text/html" or "application/xhtml+xml" ? HtmlText.Of(text, address) : text, read == bytes.Length);
    }

    private static string Describe(Uri address, string? type, string text, int start, bool cut)
    {
        var part = Part(text, start, MaxText);
        var end = Math.Min(start, text.Length) + part.Length;
        var note = end < text.Length ? string.Create(CultureInfo.InvariantCulture, $"\n\n(characters {start} to {end} of {text.Length}; go on with start={end})")
            : cut ? "\n\n(the document is longer than can be read)" : "";
        return $"{address} ({type ?? "text/plain"})\n\n{part}{note}";
    }

    private static string Part(string text, int start, int length) => start >= text.Length ? "" : text.Substring(start, Math.Min(length, text.Length - start));

    private static bool IsText(string type) =>
        type.StartsWith("text/", StringComparison.Ordinal) || type is "application/json" or "application/xml" or "application/xhtml+xml" or "application/x-ndjson"
        || type.EndsWith("+json", StringComparison.Ordinal) || type.EndsWith("+xml", StringComparison.Ordinal);

    private static Encoding EncodingOf(MediaTypeHeaderValue? type)
    {
        try
        {
            return type?.CharSet is { } name ? Encoding.GetEncoding(name.Trim('"', '\'')) : Encoding.UTF8;
        }
        catch (ArgumentException)
        {
            return Encoding.UTF8;
        }
    }
}
