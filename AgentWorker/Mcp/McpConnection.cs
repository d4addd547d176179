using System.Collections.Frozen;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using OsMEN.AgentWorker.Agents;
using OsMEN.AgentWorker.Tools;
using OsMEN.AgentWorker.Tools.Web;
using OsMEN.Executions.Catalog;
using OsMEN.ServiceDefaults;

namespace OsMEN.AgentWorker.Mcp;

/// <summary>
/// One MCP server: its program, which ends with the worker, or its address; and the protocol's client on it. Connected when it is
/// first used, once for all who use it: nobody's cancellation ends the start.
/// </summary>
internal sealed class McpConnection(string key, McpServerDefinition declared, string? folder, AddressGuard guard, ProgramLauncher launcher, TimeProvider time, ILoggerFactory loggers) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _ended = new();
    private Task? _start;
    private Process? _process;
    private HttpClient? _http;
    private McpClient? _client;
    private FrozenDictionary<string, Tool>? _tools;
    private int _users;
    private int _disposed;

    public string Key => key;

    /// <summary>The clock's timestamp of the last use.</summary>
    public long UsedAt { get; private set; } = time.GetTimestamp();

    public bool IsIdle => Volatile.Read(ref _users) == 0;

    /// <summary>False once it has broken: whoever comes then needs another.</summary>
    public bool IsAlive => Volatile.Read(ref _disposed) == 0 && !HasFailed && _client is null or { Completion.IsCompleted: false };

    public bool IsConnected => _client is not null && IsAlive;

    /// <summary>Whether its start has failed, for all who waited for it.</summary>
    public bool HasFailed => _start is { IsCompleted: true, IsCompletedSuccessfully: false };

    public void Enter() => Interlocked.Increment(ref _users);

    public void Leave()
    {
        UsedAt = time.GetTimestamp();
        Interlocked.Decrement(ref _users);
    }

    /// <summary>Waits until it is connected. The token ends the wait, not the start, which has the declaration's timeout.</summary>
    /// <exception cref="ToolFailedException">It could not be connected to in time.</exception>
    public Task ConnectAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
            _start ??= OpenOnceAsync();
        return _start.WaitAsync(cancellationToken);
    }

    public async Task<IReadOnlyDictionary<string, Tool>> ListToolsAsync(TimeSpan timeout, CancellationToken cancellationToken) =>
        _tools ??= await LimitAsync(
            "list its tools",
            timeout,
            async token => (await _client!.ListToolsAsync(cancellationToken: token)).Select(t => t.ProtocolTool).DistinctBy(t => t.Name).ToFrozenDictionary(t => t.Name, StringComparer.Ordinal),
            cancellationToken);

    public Task<CallToolResult> CallAsync(string tool, IReadOnlyDictionary<string, object?> arguments, TimeSpan timeout, CancellationToken cancellationToken) =>
        LimitAsync($"answer {tool}", timeout, async token => await _client!.CallToolAsync(tool, arguments, cancellationToken: token), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        await _ended.CancelAsync();
        try
        {
            // Closes the program's input, at which it should end by itself.
            if (_client is { } client)
                await client.DisposeAsync();
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or OperationCanceledException or HttpRequestException)
        {
            // It has gone before.
        }
        finally
        {
            KillProgram();
            _http?.Dispose();
        }
    }

    private async Task OpenOnceAsync()
    {
        try
        {
            _client = await LimitAsync("start", declared.Timeout, OpenAsync, _ended.Token);
        }
        catch
        {
            KillProgram();
            throw;
        }

        if (_ended.IsCancellationRequested)
            await _client.DisposeAsync();
    }

    private async Task<McpClient> OpenAsync(CancellationToken cancellationToken)
    {
        var options = new McpClientOptions { ClientInfo = new Implementation { Name = ServiceIdentity.Solution, Version = "1" }, InitializationTimeout = Timeout.InfiniteTimeSpan };
        IClientTransport transport = declared.Url is { } url ? OverHttp(new Uri(url)) : await StartAsync();
        return await McpClient.CreateAsync(transport, options, loggers, cancellationToken);
    }

    private HttpClientTransport OverHttp(Uri url)
    {
        _http = new HttpClient(guard.CreateHandler()) { Timeout = Timeout.InfiniteTimeSpan };
        if (declared.Environment is [var name, ..] && Environment.GetEnvironmentVariable(name) is { Length: > 0 } token)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var transport = new HttpClientTransportOptions { Endpoint = url, TransportMode = HttpTransportMode.StreamableHttp, Name = declared.Name };
        return new HttpClientTransport(transport, _http, loggers, ownsHttpClient: false);
    }

    private async Task<StreamClientTransport> StartAsync()
    {
        var at = folder ?? Directory.GetCurrentDirectory();
        var command = declared.Command.Select(c => c.StartsWith("./", StringComparison.Ordinal) ? Path.GetFullPath(c, at) : c).ToArray();
        var start = new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = at };
        ProgramLauncher.PassVariables(start, declared.Environment);
        _process = new Process { StartInfo = start };
        await launcher.StartAsync(_process);
        if (Volatile.Read(ref _disposed) == 1)
            KillProgram();

        // What it says there is its own log; unread it would block once the pipe is full.
        _ = _process.StandardError.BaseStream.CopyToAsync(Stream.Null);
        return new StreamClientTransport(_process.StandardInput.BaseStream, _process.StandardOutput.BaseStream, loggers);
    }

    private void KillProgram()
    {
        if (_process is not { } process)
            return;
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception or AggregateException)
        {
            // It has ended by itself.
        }

        process.Dispose();
    }

    // Whatever goes wrong with a server is for the model to know; only a stop is not.
    private async Task<T> LimitAsync<T>(string what, TimeSpan timeout, Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            return await work(limit.Token).WaitAsync(limit.Token);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ToolFailedException(
                limit.IsCancellationRequested
                    ? string.Create(CultureInfo.InvariantCulture, $"The server {declared.Name} did not {what} within {timeout.TotalSeconds:0.#} s.")
                    : $"The server {declared.Name} could not {what}: {(Innermost(e) is AddressRefusedException refused ? refused.Message : e.Message)}",
                e);
        }
    }

    private static Exception Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e;
}
