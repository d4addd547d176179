using System.Net;
using System.Net.Sockets;
using Microsoft.Security.AntiSSRF;

namespace OsMEN.ServiceDefaults.Http;

/// <summary>Requests to addresses that people or models name: to the public internet alone, unless <c>ALLOW_PRIVATE_ADDRESSES</c> says otherwise.</summary>
public static class PublicNetwork
{
    /// <summary><c>true</c> lets such requests reach loopback, private and link-local addresses too. Default <c>false</c>.</summary>
    public const string AllowKey = "ALLOW_PRIVATE_ADDRESSES";

    // Every range that IANA reserves, the addresses of cloud metadata, and tunnels that carry an IPv4 address (NAT64, Teredo, 6to4).
    private static readonly IPNetwork[] Special = Array.ConvertAll(IPAddressRanges.recommendedLatest, text => IPNetwork.Parse(text));

    // The list names no IPv6 range that was never assigned. One of them, ::/96, embeds IPv4 addresses: ::7f00:1 is 127.0.0.1.
    private static readonly IPNetwork Global6 = IPNetwork.Parse("2000::/3");

    /// <summary>Whether an address is one of the public internet.</summary>
    public static bool IsPublic(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return (plain.AddressFamily == AddressFamily.InterNetwork || Global6.Contains(plain)) && !Special.Any(n => n.Contains(plain));
    }

    /// <summary>
    /// A handler that connects to public addresses alone, and follows at most 5 redirects. No proxy is used, since it would decide
    /// instead. A refusal is an <see cref="HttpRequestException"/>.
    /// </summary>
    public static SocketsHttpHandler CreateHandler() => new()
    {
        UseProxy = false,
        MaxAutomaticRedirections = 5,
        ConnectCallback = (context, token) => ConnectAsync(
            context, IsPublic, host => new HttpRequestException($"{host} is no address of the public internet; {AllowKey}=true would allow it."), token),
    };

    /// <summary>
    /// A connection to one of a host's allowed addresses, for <see cref="SocketsHttpHandler.ConnectCallback"/>. It looks at the address that
    /// it connects to, after the name was resolved: a name cannot show a public address to a check and a private one to the connection.
    /// </summary>
    /// <param name="refused">Makes the exception for a host that has no allowed address.</param>
    public static ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, Func<IPAddress, bool> isAllowed, Func<string, Exception> refused, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return ConnectAsync(context.DnsEndPoint, isAllowed, refused, cancellationToken);
    }

    /// <inheritdoc cref="ConnectAsync(SocketsHttpConnectionContext, Func{IPAddress, bool}, Func{string, Exception}, CancellationToken)"/>
    public static async ValueTask<Stream> ConnectAsync(
        DnsEndPoint endPoint, Func<IPAddress, bool> isAllowed, Func<string, Exception> refused, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        ArgumentNullException.ThrowIfNull(refused);
        var (host, port) = (endPoint.Host, endPoint.Port);
        IPAddress[] found = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, cancellationToken);
        var allowed = found.Where(isAllowed).ToArray();
        if (allowed.Length == 0)
            throw refused(host);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
