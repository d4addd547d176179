using System.Globalization;
using OsMEN.Executions;

namespace OsMEN.Tests.Executions;

public abstract partial class StoreBehaviour
{
    private IReadOnlyList<Migration> Steps => Migration.For(Store.Kind == "sqlite" ? "Sqlite" : "Postgres");

    [Fact]
    public async Task A_migration_with_a_lower_number_that_lands_later_is_applied()
    {
        await EmptyAsync();
        foreach (var step in Steps.Where(s => s.Name != "0008_dashboard"))
        {
            await ExecuteAsync(step.Sql);
            await NoteAsync(step.Version, step.Name);
        }

        await Store.MigrateAsync(Token);
        await ExecuteAsync("SELECT count(*) FROM dashboard_sessions");
        Assert.Equal(Steps.Select(s => s.Version), await VersionsAsync());
    }

    [Fact]
    public async Task A_database_with_migrations_that_the_build_does_not_know_is_refused_and_stays_as_it_is()
    {
        await ExecuteAsync("DELETE FROM schema_migrations WHERE version = 13");
        await NoteAsync(12, "0012_of_another_branch");
        await NoteAsync(9001, "9001_of_a_newer_build");
        var before = await VersionsAsync();
        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => Store.MigrateAsync(Token));
        Assert.Equal(
            $"The database's schema has migrations that this build does not know (0012, 9001; its last is {Steps[^1].Name}): deploy the build that made them, or restore a backup from before.",
            refusal.Message);
        Assert.Equal(before, await VersionsAsync());
    }

    [Fact]
    public async Task Processes_that_start_at_once_apply_each_migration_once()
    {
        await using var other = await CreateAsync(_test!.ConnectionString);
        await EmptyAsync();
        await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(() => (i % 2 == 0 ? Store : other.Store).MigrateAsync(Token), Token)));
        Assert.Equal(Steps.Select(s => s.Version), await VersionsAsync());
    }

    private Task NoteAsync(int version, string name) =>
        ExecuteAsync($"INSERT INTO schema_migrations (version, name, applied_at) VALUES ({version}, '{name}', {(Store.Kind == "sqlite" ? "0" : "now()")})");

    private async Task<List<int>> VersionsAsync()
    {
        await using var command = _test!.Database.CreateCommand("SELECT version FROM schema_migrations ORDER BY version");
        await using var reader = await command.ExecuteReaderAsync(Token);
        List<int> versions = [];
        while (await reader.ReadAsync(Token))
            versions.Add(Convert.ToInt32(reader.GetValue(0), CultureInfo.InvariantCulture));
        return versions;
    }
}
