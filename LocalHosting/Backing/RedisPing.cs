using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OsMEN.LocalHosting.Backing;

/// <summary>Asks a Redis server whether it answers.</summary>
internal static class RedisPing
{
    /// <summary>Null when it does, else why not.</summary>
    public static async Task<string?> ProbeAsync(int port, CancellationToken cancellationToken, string? password = null)
    {
        var commands = (password is null ? "" : $"AUTH {password}\r\n") + "PING\r\n";
        var wanted = (password is null ? "" : "+OK\r\n") + "+PONG";
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            await socket.SendAsync(Encoding.UTF8.GetBytes(commands), cancellationToken);
            var answer = new byte[256];
            var length = 0;
            while (length < wanted.Length && await socket.ReceiveAsync(answer.AsMemory(length), cancellationToken) is > 0 and var read)
                length += read;
            var said = Encoding.UTF8.GetString(answer, 0, length);
            return said.StartsWith(wanted, StringComparison.Ordinal) ? null : $"it answers PING with: {said.Split('\r')[0]}";
        }
        catch (SocketException error)
        {
            return error.Message;
        }
    }
}
