using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace OsMEN.Tests.Infrastructure;

/// <summary>One real PostgreSQL for the run, started when first asked for, in a directory of its own; a database a test.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private readonly SemaphoreSlim _starting = new(1);
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "osmen-pg-" + Guid.CreateVersion7().ToString("N"));
    private Process? _process;
    private int _databases;

    public int Port { get; private set; }

    /// <summary>A connection string to a new, empty database.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        await StartAsync();
        var name = string.Create(CultureInfo.InvariantCulture, $"test{Interlocked.Increment(ref _databases)}");
        await ExecuteAsync($"CREATE DATABASE {name}");
        return ConnectionString(name);
    }

    /// <summary>Ends every backend of a database as a crash would: PostgreSQL restarts all of them.</summary>
    public async Task KillBackendAsync(string database)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT pid FROM pg_stat_activity WHERE datname = $1 ORDER BY backend_start", connection) { Parameters = { new() { Value = database } } };
        while (await command.ExecuteScalarAsync() is int pid)
        {
            try
            {
                Process.GetProcessById(pid).Kill();
                return;
            }
            catch (ArgumentException)
            {
                // It ended by itself since it was listed.
            }
        }
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await Programs.RunAsync("/bin/kill", "-INT", Postmaster().ToString(CultureInfo.InvariantCulture));
            await _process.WaitForExitAsync();
        }

        _process?.Dispose();
        _starting.Dispose();
        if (Directory.Exists(_directory))
            Directory.Delete(_directory, recursive: true);
    }

    private string ConnectionString(string database) =>
        string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={Port};Username=postgres;Database={database};Maximum Pool Size=20");

    private int Postmaster() =>
        int.Parse(File.ReadLines(Path.Combine(_directory, "data", "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    /// <summary>Ends it at once, as a crash would, but its shared memory is given back.</summary>
    public async Task KillAsync()
    {
        await Programs.RunAsync("/bin/kill", "-QUIT", Postmaster().ToString(CultureInfo.InvariantCulture));
        await _process!.WaitForExitAsync();
    }

    /// <summary>Starts it, again where it was before; returns when it answers.</summary>
    public async Task StartAsync()
    {
        var initdb = Programs.Need("PostgreSQL", "initdb");
        await _starting.WaitAsync();
        try
        {
            if (_process is { HasExited: false })
                return;
            _process?.Dispose();
            var data = Path.Combine(_directory, "data");
            if (Port == 0)
            {
                Directory.CreateDirectory(data);
                await RunAsPostgresAsync(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync");
                Port = Programs.FreePort();
            }

            var (program, arguments) = AsPostgres(
                Path.Combine(Path.GetDirectoryName(initdb)!, "postgres"),
                "-D", data, "-p", Port.ToString(CultureInfo.InvariantCulture), "-k", _directory,
                "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200", "-c", "logging_collector=off", "-c", "log_min_messages=panic", "-c", "shared_buffers=256MB");
            _process = Programs.Start(program, arguments);
            _process.OutputDataReceived += (_, _) => { };
            _process.ErrorDataReceived += (_, _) => { };
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
            await Programs.UntilAsync(
                async () =>
                {
                    await ExecuteAsync("SELECT 1");
                    return true;
                },
                "PostgreSQL answers");
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>Gives a folder to the server's user, where it needs one.</summary>
    public static Task OwnAsync(string folder) => Programs.IsRoot ? Programs.RunAsync("chown", "postgres", folder) : Task.CompletedTask;

    private async Task RunAsPostgresAsync(string program, params string[] arguments)
    {
        if (Programs.IsRoot)
            await Programs.RunAsync("chown", "-R", "postgres", _directory);
        var (file, all) = AsPostgres(program, arguments);
        await Programs.RunAsync(file, [.. all]);
    }

    // PostgreSQL refuses to run as root.
    private static (string Program, string[] Arguments) AsPostgres(string program, params string[] arguments) => Programs.IsRoot
        ? ("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", program, .. arguments])
        : (program, arguments);
}
