using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Reflection;

namespace OsMEN.AppHost.Running;

/// <summary>
/// Gives resources the ports that people expect, where they are free. Aspire reports no error for a port that another process has: it shows
/// and checks the stranger as if it were the resource.
/// </summary>
internal static class PreferredPorts
{
    /// <summary>The port, or null (for any free port) where another process has it, which is reported on the console.</summary>
    public static int? PreferPort(this IDistributedApplicationBuilder builder, string resource, int port)
    {
        if (!builder.ExecutionContext.IsRunMode || builder.Configuration["DcpPublisher:RandomizePorts"] is "true" or "True" || IsFree(port))
            return port;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Port {port} is taken by another process, so {resource} gets a free one."));
        return null;
    }

    /// <summary>
    /// Gives the dashboard, its OTLP receiver and the resource service addresses where the launch profile has none, and free ports where
    /// the profile's are taken. Without a development certificate they use http.
    /// </summary>
    public static void SetDashboardAddresses()
    {
        // Aspire.Hosting.Testing sets its own.
        if (Assembly.GetEntryAssembly() != typeof(PreferredPorts).Assembly)
            return;
        Prefer("ASPNETCORE_URLS", 18888);
        Prefer("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", 18889);
        Prefer("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", 18890);
        if (Environment.GetEnvironmentVariable("ASPIRE_ALLOW_UNSECURED_TRANSPORT") is null)
            Environment.SetEnvironmentVariable("ASPIRE_ALLOW_UNSECURED_TRANSPORT", "true");
    }

    private static void Prefer(string variable, int preferred)
    {
        var addresses = Environment.GetEnvironmentVariable(variable) is { Length: > 0 } set ? set : string.Create(CultureInfo.InvariantCulture, $"http://localhost:{preferred}");
        var free = addresses.Split(';').Select(address => Uri.TryCreate(address, UriKind.Absolute, out var url) && url.IsLoopback && !IsFree(url.Port)
            ? new UriBuilder(url) { Port = FreePort() }.Uri.GetLeftPart(UriPartial.Authority)
            : address);
        Environment.SetEnvironmentVariable(variable, string.Join(';', free));
    }

    private static bool IsFree(int port) => port == 0 || (CanListen(IPAddress.Loopback, port) && (!Socket.OSSupportsIPv6 || CanListen(IPAddress.IPv6Loopback, port)));

    private static bool CanListen(IPAddress address, int port)
    {
        using var listener = new TcpListener(address, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException e)
        {
            // Without IPv6 the address doesn't exist, which doesn't mean that the port is taken.
            return e.SocketErrorCode != SocketError.AddressAlreadyInUse && e.SocketErrorCode != SocketError.AccessDenied;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
