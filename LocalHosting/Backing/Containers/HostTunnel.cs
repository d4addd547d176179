using System.Net;
using System.Net.Sockets;

namespace OsMEN.LocalHosting.Backing.Containers;

/// <summary>
/// Lets containers reach a service of this machine. Services listen on 127.0.0.1 only, which on Linux is not what a container reaches:
/// a listener on the network's own address, where nobody but containers and this machine come, passes bytes on.
/// </summary>
internal sealed class HostTunnel : IAsyncDisposable
{
    private const int MaxConnections = 256;

    private readonly TcpListener _listener;
    private readonly int _port;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _free = new(MaxConnections);
    private readonly Task _accepting;

    private HostTunnel(TcpListener listener, int port)
    {
        _listener = listener;
        _port = port;
        _accepting = AcceptAsync();
    }

    /// <summary>Listens on the address at the same port as the service.</summary>
    /// <exception cref="DistributedApplicationException">The port is taken there.</exception>
    public static HostTunnel Open(IPAddress address, int port)
    {
        var listener = new TcpListener(address, port);
        try
        {
            listener.Start();
        }
        catch (SocketException e)
        {
            throw new DistributedApplicationException($"containers cannot be let in to port {port}: {address}:{port}: {e.Message}", e);
        }

        return new(listener, port);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            await _free.WaitAsync(_stop.Token);
            var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            _ = PassAsync(client);
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        try
        {
            using (client)
            using (var service = new TcpClient())
            {
                await service.ConnectAsync(IPAddress.Loopback, _port, _stop.Token);
                var (inside, outside) = (service.GetStream(), client.GetStream());
                await Task.WhenAny(outside.CopyToAsync(inside, _stop.Token), inside.CopyToAsync(outside, _stop.Token));
            }
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            // The client sees its connection close, as it would without us.
        }
        finally
        {
            _free.Release();
        }
    }
}
