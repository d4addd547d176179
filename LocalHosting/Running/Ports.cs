using System.Net;
using System.Net.Sockets;

namespace OsMEN.LocalHosting.Running;

/// <summary>Gives out ports of 127.0.0.1, none twice.</summary>
internal sealed class Ports
{
    private readonly HashSet<int> _given = [];

    /// <summary>The preferred port, or a free one where it is taken or none is preferred.</summary>
    public int Take(int? preferred)
    {
        if (preferred is { } port && !_given.Contains(port) && TryBind(port) is not null)
        {
            _given.Add(port);
            return port;
        }

        while (true)
        {
            if (TryBind(0) is { } free && _given.Add(free))
                return free;
        }
    }

    private static int? TryBind(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
