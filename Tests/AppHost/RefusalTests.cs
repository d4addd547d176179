using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.AppHost;

/// <summary>Starts that cannot succeed end with one line that says why and what to do.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData("--backing is \"clay\"; allowed: auto, container, native or embedded.", "--backing", "clay")]
    [InlineData("\"--backng\" is not an option of AppHost. Options: --backing auto|container|native|embedded, --data FOLDER.", "--backng", "native")]
    public async Task Wrong_argument_is_refused(string reason, params string[] arguments)
    {
        await using var host = new AppHostProcess().Start(arguments);
        Assert.Equal(1, await host.ExitAsync());
        Assert.Equal([$"OsMEN cannot start: {reason}"], host.Lines);
    }

    [Fact]
    public async Task Container_backing_without_a_runtime_says_what_to_use()
    {
        await using var host = new AppHostProcess();
        host.Environment["PATH"] = PathWithOnly(host.Folder, "dotnet");
        host.Start("--backing", "container");
        Assert.Equal(1, await host.ExitAsync());
        Assert.Equal(
            ["OsMEN cannot start: --backing is \"container\", but no container runtime answers: docker is not on PATH; podman is not on PATH. Start Docker or Podman, or use --backing embedded or native."],
            host.Lines);
    }

    [Fact]
    public async Task Native_backing_without_Redis_says_what_to_install()
    {
        Programs.Need("PostgreSQL", "initdb");
        await using var host = new AppHostProcess();
        host.Environment["PATH"] = PathWithOnly(host.Folder, "dotnet", "initdb", "postgres", "setpriv", "chown", "sh");
        host.Start("--backing", "native");
        Assert.Equal(1, await host.ExitAsync());
        Assert.StartsWith("OsMEN cannot start: neither redis-server nor valkey-server is on PATH. Install Redis", Assert.Single(host.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Incomplete_PostgreSQL_data_is_left_alone()
    {
        Programs.Need("PostgreSQL", "initdb");
        await using var host = new AppHostProcess();
        var data = Directory.CreateDirectory(Path.Combine(host.Folder, "native", "postgres", "data")).FullName;
        var file = Path.Combine(data, "notes");
        await File.WriteAllTextAsync(file, "data", TestContext.Current.CancellationToken);
        host.Start("--backing", "native");
        Assert.Equal(1, await host.ExitAsync());
        Assert.StartsWith($"OsMEN cannot start: {data} is not a complete PostgreSQL data directory.", Assert.Single(host.Lines), StringComparison.Ordinal);
        Assert.Equal("data", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task PostgreSQL_data_of_another_version_is_left_alone()
    {
        Programs.Need("PostgreSQL", "initdb");
        await using var host = new AppHostProcess();
        var data = Path.Combine(host.Folder, "native", "postgres", "data");
        Directory.CreateDirectory(Path.Combine(data, "global"));
        await File.WriteAllTextAsync(Path.Combine(data, "PG_VERSION"), "9\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(data, "global", "pg_control"), "", TestContext.Current.CancellationToken);
        host.Start("--backing", "native");
        Assert.Equal(1, await host.ExitAsync());
        Assert.StartsWith($"OsMEN cannot start: {data} was created by PostgreSQL 9, and ", Assert.Single(host.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Data_folder_that_cannot_be_created_is_refused()
    {
        await using var host = new AppHostProcess();
        var file = Path.Combine(host.Folder, "file");
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);
        host.Start("--backing", "embedded", "--data", Path.Combine(file, "data"));
        Assert.Equal(1, await host.ExitAsync());
        Assert.StartsWith($"OsMEN cannot start: the data folder {Path.Combine(file, "data")} cannot be created: ", Assert.Single(host.Lines), StringComparison.Ordinal);
    }

    // A folder of links, so that a program that the machine has is missing for AppHost.
    private static string PathWithOnly(string folder, params string[] programs)
    {
        var bin = Directory.CreateDirectory(Path.Combine(folder, "bin")).FullName;
        foreach (var program in programs)
            File.CreateSymbolicLink(Path.Combine(bin, program), Programs.Find(program) ?? throw new InvalidOperationException(program));
        return bin;
    }
}
