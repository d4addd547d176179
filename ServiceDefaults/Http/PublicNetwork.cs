using System.Net;
using System.Net.Sockets;

namespace OsMEN.ServiceDefaults.Http;

/// <summary>Requests to addresses that people or models name: to the public internet alone, unless <c>ALLOW_PRIVATE_ADDRESSES</c> says otherwise.</summary>
public static class PublicNetwork
{
    /// <summary><c>true</c> lets such requests reach loopback, private and link-local addresses too. Default <c>false</c>.</summary>
    public const string AllowKey = "ALLOW_PRIVATE_ADDRESSES";

    // Reserved for something else than hosts of the public internet (IANA's special-purpose registries).
    private static readonly IPNetwork[] Reserved =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
        }.Select(IPNetwork.Parse),
    ];

    /// <summary>Whether an address is one of the public internet.</summary>
    public static bool IsPublic(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return !Reserved.Any(r => r.BaseAddress.AddressFamily == plain.AddressFamily && r.Contains(plain));
    }

    /// <summary>
    /// A handler that connects to public addresses alone. What a name resolves to is looked at when the connection is made, and it is that
    /// address which is connected to; no proxy is used, since it would decide instead. A refusal is an <see cref="HttpRequestException"/>.
    /// </summary>
    public static SocketsHttpHandler CreateHandler() => new() { UseProxy = false, ConnectCallback = ConnectAsync, MaxAutomaticRedirections = 5 };

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var found = await Dns.GetHostAddressesAsync(host, cancellationToken);
        var allowed = found.Where(IsPublic).ToArray();
        if (allowed.Length == 0)
            throw new HttpRequestException($"{host} is no address of the public internet; {AllowKey}=true would allow it.");
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
