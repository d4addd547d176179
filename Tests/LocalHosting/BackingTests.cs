using OsMEN.LocalHosting.Backing;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.LocalHosting;

/// <summary>The servers behind the services: embedded ones and those of this machine.</summary>
public sealed class BackingTests
{
    [Fact]
    public async Task Embedded_redis_is_garnet_and_answers()
    {
        await using var host = new HostProcess();
        UseRepositoryTools(host.Folder);
        host.Environment["PROBE_REDIS"] = "1";
        host.Start();
        await host.UntilReadyAsync();
        var port = new Uri(host.UrlsOf("redis").Single()).Port;
        Assert.Null(await RedisPing.ProbeAsync(port, TestContext.Current.CancellationToken));
        var variables = await host.VariablesAsync("api");
        Assert.Equal($"127.0.0.1:{port}", variables["ConnectionStrings__redis"]);
        Assert.Equal($"redis://127.0.0.1:{port}", variables["REDIS_URI"]);
        Assert.Equal(0, await host.EndAsync("INT"));
        Assert.NotNull(await RedisPing.ProbeAsync(port, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Without_the_tool_manifest_redis_fails_with_the_reason_and_the_rest_is_told()
    {
        await using var host = new HostProcess();
        host.Environment["PROBE_REDIS"] = "1";
        host.Start();
        await host.UntilLineAsync($"redis          > failed: {Path.Combine(host.Folder, ".config", "dotnet-tools.json")} does not name the .NET tool garnet-server and its version.");
        await host.UntilLineAsync("api            > failed: redis, which it waits for, failed to start");
        Assert.Equal("Healthy", host.ReadRunFile().GetProperty("resources").GetProperty("postgres").GetProperty("health").GetString());
    }

    [Fact]
    public async Task Native_servers_keep_their_data_over_restarts_and_die_with_a_killed_host()
    {
        Programs.Need("PostgreSQL", "initdb");
        Programs.Need("Redis", "redis-server", "valkey-server");
        await using var first = new HostProcess();
        Open(first.Folder);
        first.Environment["PROBE_REDIS"] = "1";
        first.Start("--backing", "native");
        await first.UntilReadyAsync();
        var connectionString = (await first.VariablesAsync("api"))["ConnectionStrings__osmen"];
        await ExecuteAsync(connectionString, "CREATE TABLE kept AS SELECT 42 AS value");
        Assert.Matches("^Host=127.0.0.1;Port=[0-9]+;Username=postgres;Password=[-A-Za-z0-9_.~]{22};Database=osmen$", connectionString);
        var port = new Uri(first.UrlsOf("redis").Single()).Port;
        first.Process.Kill();
        await first.ExitAsync();
        var postmaster = Path.Combine(first.Folder, ".osmen", "native", "postgres", "data", "postmaster.pid");
        await Programs.UntilAsync(
            async () => !File.Exists(postmaster) && await RedisPing.ProbeAsync(port, TestContext.Current.CancellationToken) is not null,
            "both servers have ended", TimeSpan.FromSeconds(10));

        await using var second = new HostProcess(first.Folder);
        second.Environment["PROBE_REDIS"] = "1";
        second.Start("--backing=native");
        await second.UntilReadyAsync();
        Assert.Equal(42, await ExecuteAsync((await second.VariablesAsync("api"))["ConnectionStrings__osmen"], "SELECT value FROM kept"));
        Assert.Equal(0, await second.EndAsync("TERM"));
        Assert.False(File.Exists(postmaster));
    }

    [Fact]
    public async Task A_data_directory_whose_making_was_interrupted_is_made_anew()
    {
        Programs.Need("PostgreSQL", "initdb");
        await using var host = new HostProcess();
        Open(host.Folder);
        var unfinished = Directory.CreateDirectory(Path.Combine(host.Folder, ".osmen", "native", "postgres", "data.unfinished")).FullName;
        await File.WriteAllTextAsync(Path.Combine(unfinished, "PG_VERSION"), "15\n", TestContext.Current.CancellationToken);
        host.Start("--backing", "native");
        await host.UntilReadyAsync();
        Assert.Contains("postgres       | an earlier start was interrupted while it made the data directory: making it anew", host.Lines);
        Assert.False(Directory.Exists(unfinished));
    }

    [Fact]
    public async Task A_data_directory_that_is_not_complete_is_left_alone_and_told()
    {
        Programs.Need("PostgreSQL", "initdb");
        await using var host = new HostProcess();
        Open(host.Folder);
        var data = Directory.CreateDirectory(Path.Combine(host.Folder, ".osmen", "native", "postgres", "data")).FullName;
        var file = Path.Combine(data, "somebodys");
        await File.WriteAllTextAsync(file, "data", TestContext.Current.CancellationToken);
        host.Start("--backing", "native");
        await host.UntilLineAsync($"postgres       > failed: {data} is not a complete PostgreSQL data directory: move it away to start with a new one, or restore it.");
        Assert.Equal("data", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_data_directory_of_another_version_is_left_alone_and_told()
    {
        Programs.Need("PostgreSQL", "initdb");
        await using var host = new HostProcess();
        Open(host.Folder);
        var data = Path.Combine(host.Folder, ".osmen", "native", "postgres", "data");
        Directory.CreateDirectory(Path.Combine(data, "global"));
        await File.WriteAllTextAsync(Path.Combine(data, "PG_VERSION"), "9\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(data, "global", "pg_control"), "", TestContext.Current.CancellationToken);
        host.Start("--backing", "native");
        await host.UntilLineAsync($"postgres       > failed: {data} was made by PostgreSQL 9 and ");
    }

    [Theory]
    [InlineData(null, BackingChoice.Default)]
    [InlineData("", BackingChoice.Default)]
    [InlineData("auto", BackingKind.Auto)]
    [InlineData("Native", BackingKind.Native)]
    public void The_environment_chooses_the_backing(string? environment, object backing) =>
        Assert.Equal(backing, BackingChoice.Read([], environment));

    [Fact]
    public void The_command_line_wins_over_the_environment() =>
        Assert.Equal(BackingKind.Embedded, BackingChoice.Read(["--backing", "embedded"], "native"));

    [Fact]
    public void Postgres_is_taken_whole_from_the_first_folder_that_has_it()
    {
        var root = Directory.CreateTempSubdirectory("osmen-bin-").FullName;
        try
        {
            Make("half", "postgres");
            Make("debian/9/bin", "postgres", "initdb");
            Make("debian/16/bin", "postgres", "initdb");
            Assert.Equal(
                new PostgresBinaries(Path.Combine(root, "debian/16/bin/postgres"), Path.Combine(root, "debian/16/bin/initdb")),
                PostgresBinaries.Find(Path.Combine(root, "half"), Path.Combine(root, "debian")));
            Assert.StartsWith(
                "PostgreSQL is not installed",
                Assert.Throws<OsMEN.LocalHosting.DistributedApplicationException>(() => PostgresBinaries.Find(Path.Combine(root, "half"), Path.Combine(root, "none"))).Message,
                StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }

        void Make(string folder, params string[] programs)
        {
            Directory.CreateDirectory(Path.Combine(root, folder));
            foreach (var program in programs)
                File.WriteAllText(Path.Combine(root, folder, program), "");
        }
    }

    // The user that servers run as must get into the folder, which is its maker's alone by default.
    private static void Open(string folder)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.OtherExecute);
    }

    private static void UseRepositoryTools(string folder)
    {
        var repository = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(repository.FullName, "OsMEN.sln")))
            repository = repository.Parent!;
        Directory.CreateDirectory(Path.Combine(folder, ".config"));
        File.Copy(Path.Combine(repository.FullName, ".config", "dotnet-tools.json"), Path.Combine(folder, ".config", "dotnet-tools.json"));
    }

    private static async Task<object?> ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new Npgsql.NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new Npgsql.NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
    }
}
