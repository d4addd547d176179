using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace OsMEN.Hosting.Monitoring.Scraping;

/// <summary>
/// Lets a container read the metrics of services that listen on this machine's loopback interface, and nothing else: it answers GET of a
/// replica's name with that replica's metrics. Whoever asks needs the scrape token, because a service may let local requests in without.
/// </summary>
internal sealed class MetricsRelay : IAsyncDisposable
{
    private const int MaxConnections = 64;

    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(60);

    private static readonly string[] s_forwarded =
        ["Accept", "Accept-Encoding", "Authorization", "User-Agent", "X-Prometheus-Scrape-Timeout-Seconds"];

    private readonly WebApplication _application;
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false })
    {
        Timeout = TimeLimit,
    };

    private readonly byte[]? _authorization;
    private readonly Func<string, Uri?> _find;

    private MetricsRelay(ContainerHost host, string? token, Func<string, Uri?> find)
    {
        _authorization = token is null ? null : Encoding.UTF8.GetBytes($"Bearer {token}");
        _find = find;

        // Empty, so that it reads nothing of the AppHost's configuration, such as the dashboard's addresses.
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Listen(host.ListenAddress, 0);
        });
        _application = builder.Build();
        _application.Run(ForwardAsync);
    }

    /// <summary>What the container calls it, as host and port.</summary>
    public string Address { get; private set; } = "";

    /// <param name="host">Where to listen, on a free port.</param>
    /// <param name="token">What a request must show as <c>Authorization: Bearer</c>; null lets everybody in.</param>
    /// <param name="find">The metrics of the replica with that name; null if there is none.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <exception cref="IOException">The port is taken.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The address cannot be listened on.</exception>
    public static async Task<MetricsRelay> StartAsync(
        ContainerHost host, string? token, Func<string, Uri?> find, CancellationToken cancellationToken)
    {
        var relay = new MetricsRelay(host, token, find);
        try
        {
            await relay._application.StartAsync(cancellationToken);
            relay.Address = string.Create(CultureInfo.InvariantCulture, $"{host.Name}:{new Uri(relay._application.Urls.First()).Port}");
            return relay;
        }
        catch
        {
            await relay.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _client.Dispose();
    }

    private async Task ForwardAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var shown = Encoding.UTF8.GetBytes(request.Headers.Authorization.ToString());
        if (_authorization is not null && !CryptographicOperations.FixedTimeEquals(shown, _authorization))
        {
            response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        if (!HttpMethods.IsGet(request.Method) || _find(request.Path.Value!.TrimStart('/')) is not { } metrics)
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        using var forwarded = new HttpRequestMessage(HttpMethod.Get, metrics);
        foreach (var name in s_forwarded)
        {
            if (request.Headers.TryGetValue(name, out var values))
                forwarded.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }

        try
        {
            using var answer = await _client.SendAsync(forwarded, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
            response.StatusCode = (int)answer.StatusCode;
            response.ContentType = answer.Content.Headers.ContentType?.ToString();
            response.Headers.ContentEncoding = answer.Content.Headers.ContentEncoding.ToArray();
            await answer.Content.CopyToAsync(response.Body, context.RequestAborted);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            // The replica is down or too slow, or Prometheus has given up.
            if (response.HasStarted)
                context.Abort();
            else
                response.StatusCode = StatusCodes.Status502BadGateway;
        }
    }
}
