using System.Net.WebSockets;

namespace OsMEN.Gateway.Streams;

/// <summary>The end of a connection.</summary>
internal static class WebSocketEnd
{
    /// <summary>Tells the client why, behind what is being sent, and waits a moment for its answer; whoever gives none is cut off.</summary>
    public static async Task CloseAsync(
        this WebSocket socket, Task sending, Task receiving, WebSocketCloseStatus status, string? reason, TimeSpan timeout, TimeProvider time)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        try
        {
            await sending.WaitAsync(limit.Token);
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await socket.CloseOutputAsync(status, reason, limit.Token);
            await receiving.WaitAsync(limit.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            socket.Abort();
            await receiving;

            // How what was on its way ended is of no more interest.
            await sending.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }
}
