using System.Globalization;
using OsMEN.AgentWorker.Agents;
using OsMEN.AgentWorker.Tools;
using OsMEN.AgentWorker.Tools.Web;
using OsMEN.Executions.Catalog;

namespace OsMEN.AgentWorker.Mcp;

/// <summary>
/// The MCP servers that this worker is connected to, shared by all executions of agents that declare the same one: at most
/// <see cref="ToolOptions.McpMaxServers"/>, each ended once nobody has used it for <see cref="ToolOptions.McpIdle"/>.
/// </summary>
internal sealed class McpServers : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, McpConnection> _connections = new(StringComparer.Ordinal);
    private readonly ToolOptions _options;
    private readonly AddressGuard _guard;
    private readonly ProgramLauncher _launcher;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ITimer _sweep;

    public McpServers(ToolOptions options, AddressGuard guard, ProgramLauncher launcher, TimeProvider time, ILoggerFactory loggers)
    {
        (_options, _guard, _launcher, _time, _loggers) = (options, guard, launcher, time, loggers);
        _sweep = time.CreateTimer(static s => ((McpServers)s!).EndIdle(), this, options.McpIdle / 4, options.McpIdle / 4);
    }

    /// <summary>How many are there now.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _connections.Count;
        }
    }

    /// <summary>Whether the server can be used now, without a start.</summary>
    public bool IsConnected(McpServerDefinition declared, string? folder)
    {
        lock (_lock)
            return _connections.GetValueOrDefault(KeyOf(declared, folder)) is { IsConnected: true };
    }

    /// <summary>A connected server, until the lease is disposed. When somebody else's start fails, it is started once more.</summary>
    /// <exception cref="ToolFailedException">It cannot be connected to; the message is for the model.</exception>
    public async Task<McpLease> UseAsync(McpServerDefinition declared, string? folder, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(declared.Timeout);
        for (var isLast = false; ; isLast = true)
        {
            var (connection, isOwn) = Take(declared, folder);
            try
            {
                await connection.ConnectAsync(limit.Token);
                return new McpLease(connection);
            }
            catch (Exception e)
            {
                connection.Leave();
                if (connection.HasFailed)
                    Drop(connection);
                cancellationToken.ThrowIfCancellationRequested();
                if (limit.IsCancellationRequested)
                    throw new ToolFailedException(string.Create(CultureInfo.InvariantCulture, $"The server {declared.Name} did not start within {declared.Timeout.TotalSeconds:0.#} s."), e);
                if (e is OperationCanceledException)
                    throw new ToolFailedException($"The server {declared.Name} was stopped while it started.", e);
                if (isOwn || isLast)
                    throw;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _sweep.DisposeAsync();
        McpConnection[] all;
        lock (_lock)
        {
            all = [.. _connections.Values];
            _connections.Clear();
        }

        foreach (var connection in all)
            await connection.DisposeAsync();
    }

    private (McpConnection Connection, bool IsNew) Take(McpServerDefinition declared, string? folder)
    {
        var key = KeyOf(declared, folder);
        lock (_lock)
        {
            if (_connections.TryGetValue(key, out var found) && found.IsAlive)
            {
                found.Enter();
                return (found, false);
            }

            if (found is not null)
                End(found);
            else if (_connections.Count >= _options.McpMaxServers)
            {
                End(_connections.Values.Where(c => c.IsIdle).MinBy(c => c.UsedAt) ?? throw new ToolFailedException(
                    $"The server {declared.Name} was not started: this worker uses as many as it may."));
            }

            var connection = new McpConnection(key, declared, folder, _guard, _launcher, _time, _loggers);
            connection.Enter();
            _connections.Add(key, connection);
            return (connection, true);
        }
    }

    private void Drop(McpConnection connection)
    {
        lock (_lock)
        {
            if (_connections.GetValueOrDefault(connection.Key) == connection)
                End(connection);
        }
    }

    private void EndIdle()
    {
        lock (_lock)
        {
            foreach (var connection in _connections.Values.Where(c => c.IsIdle && _time.GetElapsedTime(c.UsedAt) >= _options.McpIdle).ToArray())
                End(connection);
        }
    }

    private void End(McpConnection connection)
    {
        _connections.Remove(connection.Key);

        // It ends its program by itself, and nobody waits for that.
        _ = connection.DisposeAsync().AsTask();
    }

    private static string KeyOf(McpServerDefinition declared, string? folder) =>
        string.Join('\0', [declared.Name, declared.Url ?? "", folder ?? "", .. declared.Command, "", .. declared.Environment]);
}

/// <summary>The use of a server; ends when disposed.</summary>
internal sealed class McpLease(McpConnection connection) : IAsyncDisposable
{
    public McpConnection Connection => connection;

    public Task<IReadOnlyDictionary<string, ModelContextProtocol.Protocol.Tool>> ListToolsAsync(TimeSpan timeout, CancellationToken cancellationToken) =>
        connection.ListToolsAsync(timeout, cancellationToken);

    public Task<ModelContextProtocol.Protocol.CallToolResult> CallAsync(
        string tool, IReadOnlyDictionary<string, object?> arguments, TimeSpan timeout, CancellationToken cancellationToken) =>
        connection.CallAsync(tool, arguments, timeout, cancellationToken);

    public ValueTask DisposeAsync()
    {
        connection.Leave();
        return default;
    }
}
