using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OsMEN.Bench.EndToEnd;

/// <summary>
/// One keep-alive HTTP/1.1 connection that sends and reads with as little work as can be: the load shares two cores with what
/// it measures. Understands answers with a Content-Length or in chunks, nothing else.
/// </summary>
internal sealed class LoadClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[64 * 1024];

    public static async Task<LoadClient> ConnectAsync(Uri gateway)
    {
        var client = new LoadClient();
        await client._socket.ConnectAsync(IPAddress.Loopback, gateway.Port);
        return client;
    }

    public static byte[] Post(Uri gateway, string path, string key, string body, string headers = "") => Encoding.UTF8.GetBytes(
        $"POST {path} HTTP/1.1\r\nHost: {gateway.Authority}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    /// <summary>The status of the answer.</summary>
    public async Task<int> SendAsync(byte[] request)
    {
        await _socket.SendAsync(request);
        var read = 0;
        while (true)
        {
            var count = await _socket.ReceiveAsync(_buffer.AsMemory(read));
            if (count == 0)
                throw new IOException("The gateway closed the connection.");
            read += count;
            if (IsWhole(_buffer.AsSpan(0, read)))
                return Utf8Parser.TryParse(_buffer.AsSpan(9, 3), out int status, out _) ? status : 0;
        }
    }

    public string LastBody(int length = 2000) => Encoding.UTF8.GetString(_buffer, 0, Math.Min(length, _buffer.Length));

    public void Dispose() => _socket.Dispose();

    private static bool IsWhole(ReadOnlySpan<byte> answer)
    {
        var end = answer.IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return false;
        var head = answer[..end];
        var length = Math.Max(head.IndexOf("Content-Length: "u8), head.IndexOf("content-length: "u8));
        if (length >= 0 && Utf8Parser.TryParse(head[(length + 16)..], out int expected, out _))
            return answer.Length >= end + 4 + expected;
        return answer.EndsWith("0\r\n\r\n"u8);
    }
}
