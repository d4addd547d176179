using System.Net;
using System.Net.Sockets;

namespace OsMEN.LocalHosting.Backing;

/// <summary>Asks a Redis server whether it answers.</summary>
internal static class RedisPing
{
    /// <summary>Null when it does, else why not.</summary>
    public static async Task<string?> ProbeAsync(int port, CancellationToken cancellationToken)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            await socket.SendAsync("*1\r\n$4\r\nPING\r\n"u8.ToArray(), cancellationToken);
            var answer = new byte[64];
            var length = 0;
            while (length < 5 && await socket.ReceiveAsync(answer.AsMemory(length), cancellationToken) is > 0 and var read)
                length += read;
            return answer.AsSpan(0, length).StartsWith("+PONG"u8) ? null : "it does not answer PING";
        }
        catch (SocketException error)
        {
            return error.Message;
        }
    }
}
