using System.Diagnostics;
using System.Globalization;
using OsMEN.Executions.Clients;
using StackExchange.Redis;

namespace OsMEN.Tests.Infrastructure;

/// <summary>One real Redis (or Valkey) for the run, started when first asked for. It can be killed and started again.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private readonly SemaphoreSlim _starting = new(1);
    private Process? _process;

    public int Port { get; private set; }

    public string ConnectionString => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    public static ConfigurationOptions Options(string connectionString)
    {
        var options = ConfigurationOptions.Parse(connectionString);
        RedisClient.Configure(options);
        return options;
    }

    public async Task StartAsync()
    {
        var program = Programs.Need("Redis", "redis-server", "valkey-server");
        await _starting.WaitAsync();
        try
        {
            if (_process is { HasExited: false })
                return;
            Port = Port == 0 ? Programs.FreePort() : Port;
            _process?.Dispose();
            _process = Programs.Start(
                program, ["--port", Port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"], Path.GetTempPath());
            _process.OutputDataReceived += (_, _) => { };
            _process.BeginOutputReadLine();
            await Programs.UntilAsync(
                async () =>
                {
                    using var connection = await ConnectionMultiplexer.ConnectAsync(ConnectionString);
                    return connection.IsConnected;
                },
                "Redis answers");
        }
        finally
        {
            _starting.Release();
        }
    }

    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Sends a signal: STOP makes it hang with its connections open, CONT lets it go on.</summary>
    public Task SignalAsync(string signal) => Programs.RunAsync("/bin/kill", "-" + signal, _process!.Id.ToString(CultureInfo.InvariantCulture));

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
            await KillAsync();
        _process?.Dispose();
        _starting.Dispose();
    }
}
