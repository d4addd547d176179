using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace OsMEN.Tests.Infrastructure;

/// <summary>Stands between a client and a real PostgreSQL, and can put a message that no client expects into an answer.</summary>
internal sealed class PostgresRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly string _connectionString;
    private readonly Task _accepting;
    private int _break;

    public PostgresRelay(string connectionString)
    {
        _connectionString = connectionString;
        _listener.Start();
        _accepting = AcceptAsync(new NpgsqlConnectionStringBuilder(connectionString));
    }

    /// <summary>How many answers were broken.</summary>
    public int Broken { get; private set; }

    // The relay reads messages, so it must be able to.
    public string ConnectionString => string.Create(
        CultureInfo.InvariantCulture, $"{_connectionString};Port={((IPEndPoint)_listener.LocalEndpoint).Port};SSL Mode=Disable;GSS Encryption Mode=Disable");

    /// <summary>Breaks the next answer to a statement.</summary>
    public void BreakNext() => Interlocked.Exchange(ref _break, 1);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync(NpgsqlConnectionStringBuilder server)
    {
        while (true)
        {
            var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            _ = ServeAsync(client, server);
        }
    }

    private async Task ServeAsync(TcpClient client, NpgsqlConnectionStringBuilder address)
    {
        try
        {
            using var server = new TcpClient { NoDelay = true };
            using (client)
            {
                client.NoDelay = true;
                await server.ConnectAsync(address.Host!, address.Port, _stop.Token);
                await await Task.WhenAny(client.GetStream().CopyToAsync(server.GetStream(), _stop.Token), AnswerAsync(server.GetStream(), client.GetStream()));
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // One side has left.
        }
    }

    private async Task AnswerAsync(NetworkStream server, NetworkStream client)
    {
        var head = new byte[5];
        while (true)
        {
            await server.ReadExactlyAsync(head, _stop.Token);
            var body = new byte[BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1)) - 4];
            await server.ReadExactlyAsync(body, _stop.Token);

            // A row, or the end of the rows: "authentication succeeded" has no place before them.
            if (head[0] is (byte)'D' or (byte)'C' && Interlocked.Exchange(ref _break, 0) == 1)
            {
                Broken++;
                await client.WriteAsync(new byte[] { (byte)'R', 0, 0, 0, 8, 0, 0, 0, 0 }, _stop.Token);
            }

            await client.WriteAsync((byte[])[.. head, .. body], _stop.Token);
        }
    }
}
