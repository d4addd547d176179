using System.Diagnostics;
using System.Net;
using OsMEN.ServiceDefaults.Http;

namespace OsMEN.AgentWorker.Tools.Web;

/// <summary>Lets tools connect to public addresses, see <see cref="PublicNetwork"/>, and to networks that are configured.</summary>
internal sealed class AddressGuard(ToolOptions options)
{
    public bool IsAllowed(IPAddress address) =>
        PublicNetwork.IsPublic(address) || options.AllowedNetworks.Any(n => n.Contains(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address));

    /// <summary>A handler that follows no redirects, uses no proxy (it would connect in our place), keeps no cookies and sends no trace headers.</summary>
    public SocketsHttpHandler CreateHandler() => new()
    {
        ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.All,
        ConnectCallback = (context, token) => PublicNetwork.ConnectAsync(
            context, IsAllowed, host => new AddressRefusedException($"{host} is not at a public address; private, loopback and link-local addresses are not allowed."), token),
        ConnectTimeout = TimeSpan.FromSeconds(10),
        MaxResponseHeadersLength = 64,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        UseCookies = false,
        UseProxy = false,
    };
}

/// <summary>The address is one that tools may not reach.</summary>
internal sealed class AddressRefusedException(string message) : Exception(message);
