using System.Net.WebSockets;
using System.Text.Json;
using OsMEN.Gateway.Security;
using OsMEN.Gateway.Streams;

namespace OsMEN.Gateway.Dashboard;

/// <summary>
/// One open page: gets the snapshot at once and then as often as the config says. Nothing is queued: the next snapshot is made when
/// the last has left, and a page that takes none for <see cref="StreamLimits.SlowReader"/> is closed with 1013.
/// </summary>
internal sealed class DashboardSession(
    WebSocket socket, ApiKey key, CallerEnd callerEnd, DashboardSource source, DashboardConfigStore config, WebSocketConnections connections, StreamLimits limits, TimeProvider time)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private readonly DashboardUser _you = new(key.User, key.Role.ToWire());

    /// <summary>Runs until either side closes. <paramref name="ending"/> is the server's wish to end.</summary>
    public async Task RunAsync(CancellationToken ending)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ending, callerEnd.Token);
        var receiving = ReceiveAsync();
        var sending = Task.CompletedTask;
        var (status, reason) = (WebSocketCloseStatus.NormalClosure, "");
        try
        {
            using var timer = new PeriodicTimer(Look, time);
            long? sentAt = null;
            do
            {
                if (sentAt is { } at && time.GetElapsedTime(at) < config.Current.Refresh)
                    continue;
                sentAt = time.GetTimestamp();
                sending = SendAsync(await source.ReadAsync(key, either.Token));
                await sending.WaitAsync(limits.SlowReader, time, either.Token);
            }
            while (await timer.WaitForNextTickAsync(either.Token) && !receiving.IsCompleted);
        }
        catch (TimeoutException)
        {
            connections.CountSlow();
            (status, reason) = ((WebSocketCloseStatus)1013, "The connection is read too slowly; connect again.");
        }
        catch (OperationCanceledException)
        {
            (status, reason) = callerEnd.Token.IsCancellationRequested
                ? (WebSocketCloseStatus.PolicyViolation, callerEnd.Reason)
                : (WebSocketCloseStatus.EndpointUnavailable, "The gateway stops; connect again.");
        }
        catch (WebSocketException)
        {
            // The page is gone.
        }

        await socket.CloseAsync(sending, receiving, status, reason, limits.CloseTimeout, time);
    }

    private async Task SendAsync(Executions.RawJson data)
    {
        var message = JsonSerializer.SerializeToUtf8Bytes(new DashboardMessage("snapshot", _you, data), DashboardJsonContext.Default.DashboardMessage);
        await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
    }

    // Pages say nothing; this answers pings and sees the end.
    private async Task ReceiveAsync()
    {
        var buffer = new byte[256];
        try
        {
            while ((await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None)).MessageType != WebSocketMessageType.Close)
            {
                // What a client says is passed over.
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The page is gone.
        }
    }
}
