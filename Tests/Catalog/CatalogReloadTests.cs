using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Catalog;

/// <summary>Files are read again when they change, and what the API puts stands over them, in every process on the database.</summary>
public sealed class CatalogReloadTests(PostgresServer postgres) : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("osmen-catalog-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Files_that_come_change_break_and_go_are_noticed()
    {
        await using var store = await TestStore.SqliteAsync();
        await using var database = SqliteDatabase(store);
        Write("one", "first");
        using var catalog = Catalog(database);
        Assert.Equal(["first"], Descriptions(catalog));

        Write("one", "changed text");
        Write("two", "second");
        await catalog.RefreshAsync(Token);
        Assert.Equal(["changed text", "second"], Descriptions(catalog));

        File.WriteAllText(PathOf("one"), "description: [");
        File.Delete(PathOf("two"));
        Write("three", "third");
        await catalog.RefreshAsync(Token);
        Assert.Equal(["third"], Descriptions(catalog));
        Assert.Equal(PathOf("one"), Assert.Single(catalog.Problems).Path);

        Write("one", "mended");
        await catalog.RefreshAsync(Token);
        Assert.Equal(["mended", "third"], Descriptions(catalog));
        Assert.Empty(catalog.Problems);
    }

    [Fact]
    public async Task A_changed_ConfigMap_is_noticed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Symbolic links need a privilege on Windows.");
        await using var store = await TestStore.SqliteAsync();
        await using var database = SqliteDatabase(store);

        // As the kubelet mounts it: the files are links through ..data, which is pointed to a new folder.
        var data = PathOf("..data")[..^".yaml".Length];
        foreach (var version in new[] { "..1", "..2" })
        {
            Directory.CreateDirectory(PathOf($"{version}/one")[..^"/one.yaml".Length]);
            Write($"{version}/one", version);

            // The versions differ in nothing but their content and the folder that the link names.
            File.SetLastWriteTimeUtc(PathOf($"{version}/one"), DateTime.UnixEpoch);
        }

        Directory.CreateSymbolicLink(data, "..1");
        File.CreateSymbolicLink(PathOf("one"), "..data/one.yaml");
        using var catalog = Catalog(database);
        Assert.Equal(["..1"], Descriptions(catalog));

        Directory.Delete(data);
        Directory.CreateSymbolicLink(data, "..2");
        await catalog.RefreshAsync(Token);
        Assert.Equal(["..2"], Descriptions(catalog));
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgresql")]
    public async Task What_one_process_puts_or_deletes_the_other_sees(string kind)
    {
        await using var store = kind == "sqlite" ? await TestStore.SqliteAsync() : await TestStore.PostgresAsync(postgres);
        await using System.Data.Common.DbDataSource database = kind == "sqlite" ? SqliteDatabase(store) : PostgresDatabase.Create(store.ConnectionString);
        Write("one", "of a file");
        using var here = Catalog(database);
        using var there = Catalog(database);
        await there.RefreshAsync(Token);

        var file = here.Find("one")!;
        await here.PutAsync(file with { Description = "put" }, Token);
        await here.PutAsync(file with { Id = "new", Description = "new", Folder = null }, Token);
        Assert.Equal("new", (await there.FindFreshAsync("new", Token))!.Description);
        await there.RefreshAsync(Token);
        Assert.Equal(["new", "put"], Descriptions(there));

        Assert.True(await there.DeleteAsync("one", Token));
        Assert.False(await there.DeleteAsync("one", Token));
        Assert.False(await there.DeleteAsync("never", Token));
        await here.RefreshAsync(Token);
        Assert.Equal(["new"], Descriptions(here));

        using var restarted = Catalog(database);
        await restarted.RefreshAsync(Token);
        Assert.Equal(["new"], Descriptions(restarted));
    }

    private static IEnumerable<string> Descriptions(AgentCatalog catalog) => catalog.List().Select(a => a.Description);

    private static SqliteDatabase SqliteDatabase(TestStore store) => new(store.ConnectionString);

    private AgentCatalog Catalog(System.Data.Common.DbDataSource database) => new(
        new ConfigurationBuilder().AddInMemoryCollection([new("CATALOG_PATH", _root)]).Build(),
        database,
        new ExecutionSchema(null!, TimeProvider.System, NullLogger<ExecutionSchema>.Instance),
        TimeProvider.System,
        NullLogger<AgentCatalog>.Instance);

    private string PathOf(string id) => Path.Combine(_root, "agents", id + ".yaml");

    private void Write(string id, string description)
    {
        Directory.CreateDirectory(Path.Combine(_root, "agents"));
        File.WriteAllText(PathOf(id), $"description: {description}\ninstructions: i\n");
    }
}
