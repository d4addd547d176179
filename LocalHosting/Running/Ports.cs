using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace OsMEN.LocalHosting.Running;

/// <summary>
/// Gives out ports of 127.0.0.1, none twice. Those that nobody prefers are below the ones that systems give to whoever asks for any (from
/// 32768 on Linux, from 49152 elsewhere), and Kubernetes to its services: they stay free until their program has come to listen.
/// </summary>
internal sealed class Ports
{
    internal const int Lowest = 20_000;
    internal const int Highest = 29_999;

    private readonly HashSet<int> _given = [];

    /// <summary>The preferred port, or a free one where it is taken or none is preferred.</summary>
    /// <exception cref="DistributedApplicationException">None is free.</exception>
    public int Take(int? preferred)
    {
        if (preferred is { } wanted && TryGive(wanted))
            return wanted;
        const int count = Highest - Lowest + 1;
        var first = RandomNumberGenerator.GetInt32(count);
        for (var i = 0; i < count; i++)
        {
            var port = Lowest + ((first + i) % count);
            if (TryGive(port))
                return port;
        }

        throw new DistributedApplicationException($"No port of 127.0.0.1 from {Lowest} to {Highest} is free.");
    }

    private bool TryGive(int port) => !_given.Contains(port) && TryBind(port) && _given.Add(port);

    private static bool TryBind(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
