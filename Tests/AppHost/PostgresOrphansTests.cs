using System.Globalization;
using OsMEN.AppHost.Backing;

namespace OsMEN.Tests.AppHost;

public sealed class PostgresOrphansTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Lock_file_of_a_process_that_is_no_server_is_removed_and_that_process_lives()
    {
        var data = Directory.CreateTempSubdirectory("osmen-orphans-").FullName;
        using var other = Infrastructure.Programs.Start("sleep", ["60"], data);
        var file = Path.Combine(data, "postmaster.pid");
        await File.WriteAllTextAsync(file, string.Create(CultureInfo.InvariantCulture, $"{other.Id}\n{data}\n"), Token);
        Assert.Equal(0, await new PostgresOrphans(data).EndAsync(Token));
        Assert.Equal((false, false), (File.Exists(file), other.HasExited));
        other.Kill();
        await other.WaitForExitAsync(Token);

        // PostgreSQL itself recovers from one that names a process that is gone.
        await File.WriteAllTextAsync(file, string.Create(CultureInfo.InvariantCulture, $"{other.Id}\n{data}\n"), Token);
        Assert.Equal(0, await new PostgresOrphans(data).EndAsync(Token));
        Assert.True(File.Exists(file));
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task Process_of_an_earlier_server_is_killed_and_a_server_elsewhere_is_not()
    {
        var folder = Directory.CreateTempSubdirectory("osmen-orphans-").FullName;
        var (data, elsewhere, program) = (Path.Combine(folder, "data"), Path.Combine(folder, "elsewhere"), Path.Combine(folder, "postgres"));
        Directory.CreateDirectory(data);
        Directory.CreateDirectory(elsewhere);

        // Only the name and the working directory of a server.
        File.Copy(Infrastructure.Programs.Find("sleep")!, program);
        using var orphan = Infrastructure.Programs.Start(program, ["60"], data);
        using var other = Infrastructure.Programs.Start(program, ["60"], elsewhere);
        Assert.Equal(1, await new PostgresOrphans(data).EndAsync(Token));
        await orphan.WaitForExitAsync(Token);
        Assert.False(other.HasExited);
        other.Kill();
        await other.WaitForExitAsync(Token);
        Directory.Delete(folder, recursive: true);
    }
}
