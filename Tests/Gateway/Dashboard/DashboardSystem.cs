using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Gateway.Dashboard;

/// <summary>A real gateway, worker and Redis over a SQLite store and a catalog of their own, to be looked at in a browser.</summary>
internal sealed class DashboardSystem : IAsyncDisposable
{
    private readonly string _catalog = Path.Combine(Path.GetTempPath(), "osmen-dashboard-" + Guid.CreateVersion7().ToString("N"));
    private readonly RedisServer _redis = new();
    private TestStore? _store;
    private ServiceProcess? _worker;

    private DashboardSystem()
    {
    }

    public ServiceProcess Gateway { get; private set; } = null!;

    /// <param name="kinds">Of the catalog that ships: agents, commands, workflows.</param>
    /// <param name="agents">More files beside the agents, by name.</param>
    /// <param name="settings">Of gateway and worker.</param>
    /// <param name="fill">Fills the store before they start.</param>
    public static async Task<DashboardSystem> StartAsync(string[] kinds, Dictionary<string, string> agents, Dictionary<string, string> settings, Func<TestStore, Task>? fill = null)
    {
        Assert.SkipUnless(File.Exists(DashboardBrowser.Program), $"{DashboardBrowser.Program} is not installed.");
        Programs.Need("Python", "python3");
        var system = new DashboardSystem();
        try
        {
            await system.StartPartsAsync(kinds, agents, settings, fill);
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in (IAsyncDisposable?[])[_worker, Gateway, _store, _redis])
        {
            if (part is not null)
                await part.DisposeAsync();
        }

        if (Directory.Exists(_catalog))
            Directory.Delete(_catalog, recursive: true);
    }

    private async Task StartPartsAsync(string[] kinds, Dictionary<string, string> agents, Dictionary<string, string> settings, Func<TestStore, Task>? fill)
    {
        await _redis.StartAsync();
        _store = await TestStore.SqliteAsync();
        if (fill is not null)
            await fill(_store);
        foreach (var kind in kinds)
        {
            Directory.CreateDirectory(Path.Combine(_catalog, kind));
            foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "catalog", kind)))
                File.Copy(file, Path.Combine(_catalog, kind, Path.GetFileName(file)));
        }

        foreach (var (name, text) in agents)
            await File.WriteAllTextAsync(Path.Combine(_catalog, "agents", name), text, TestContext.Current.CancellationToken);
        var environment = new Dictionary<string, string>(settings, StringComparer.Ordinal)
        {
            ["ConnectionStrings__osmen"] = _store.ConnectionString,
            ["ConnectionStrings__redis"] = _redis.ConnectionString,
            ["CATALOG_PATH"] = _catalog,
            ["DASHBOARD_REFRESH"] = "1s",
        };
        Gateway = await ServiceProcess.StartAsync(["OsMEN.Gateway.dll"], environment);
        _worker = await ServiceProcess.StartAsync(["OsMEN.AgentWorker.dll"], environment);
    }
}
