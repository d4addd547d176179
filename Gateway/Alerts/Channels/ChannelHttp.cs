using System.Net;
using System.Net.Sockets;
using OsMEN.ServiceDefaults.Http;

namespace OsMEN.Gateway.Alerts.Channels;

/// <summary>HTTP for channels: no redirects (they could lead anywhere), no spans, no cookies, private addresses only where the channel allows them.</summary>
internal sealed class ChannelHttp : IDisposable
{
    private readonly HttpMessageInvoker _any = new(Handler());
    private readonly HttpMessageInvoker _public = new(Handler(publicOnly: true));

    /// <summary>Sends, and throws unless the answer is a success.</summary>
    /// <exception cref="DeliveryException">It was not.</exception>
    public async Task SendAsync(ChannelSettings settings, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await (settings.AllowPrivate ? _any : _public).SendAsync(request, cancellationToken);
            if (answer.IsSuccessStatusCode) return;
            var wait = answer.Headers.RetryAfter?.Delta;
            throw new DeliveryException($"answered {(int)answer.StatusCode} {answer.StatusCode}", wait);
        }
        catch (HttpRequestException e) when (e.InnerException is DeliveryException refused)
        {
            throw new DeliveryException(refused.Message);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            // The exception's own text may have the address, which is a secret where it is a webhook's.
            var error = (e as HttpRequestException)?.HttpRequestError;
            throw new DeliveryException($"could not be reached: {error?.ToString() ?? e.GetType().Name}", mayHaveArrived: error is not (
                HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError));
        }
    }

    public void Dispose()
    {
        _any.Dispose();
        _public.Dispose();
    }

    private static SocketsHttpHandler Handler(bool publicOnly = false) => new()
    {
        ActivityHeadersPropagator = null,
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = !publicOnly,
        AutomaticDecompression = DecompressionMethods.None,
        MaxResponseHeadersLength = 64,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        ConnectCallback = !publicOnly ? null : (context, token) => PublicNetwork.ConnectAsync(
            context, PublicNetwork.IsPublic, _ => new DeliveryException("the address is not a public one; allow_private: true allows it"), token),
    };
}
