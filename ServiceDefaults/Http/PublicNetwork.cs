using System.Net;
using System.Net.Sockets;

namespace OsMEN.ServiceDefaults.Http;

/// <summary>Requests to addresses that people or models name: to the public internet alone, unless <c>ALLOW_PRIVATE_ADDRESSES</c> says otherwise.</summary>
public static class PublicNetwork
{
    /// <summary><c>true</c> lets such requests reach loopback, private and link-local addresses too. Default <c>false</c>.</summary>
    public const string AllowKey = "ALLOW_PRIVATE_ADDRESSES";

    // Reserved for something else than hosts of the public internet: https://www.iana.org/assignments/iana-ipv4-special-registry
    private static readonly IPNetwork[] Special4 = Networks(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4");

    // Global unicast without what is in it for documentation, benchmarks, and tunnels that carry IPv4 addresses inside (Teredo, 6to4).
    private static readonly IPNetwork Global6 = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork[] Special6 = Networks("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20");

    /// <summary>Whether an address is one of the public internet.</summary>
    public static bool IsPublic(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return plain.AddressFamily == AddressFamily.InterNetwork
            ? !Special4.Any(n => n.Contains(plain))
            : Global6.Contains(plain) && !Special6.Any(n => n.Contains(plain));
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

    private static IPNetwork[] Networks(params string[] texts) => Array.ConvertAll(texts, t => IPNetwork.Parse(t));
}
