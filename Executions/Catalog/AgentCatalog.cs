using System.Collections.Frozen;
using System.Data.Common;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace OsMEN.Executions.Catalog;

/// <summary>
/// The agents that there are: those of the files in <c>CATALOG_PATH</c>/agents, and over them those put or deleted by the API.
/// Files are looked at every second and the API's changes, which other processes make too, as well: what was changed is there
/// within two.
/// </summary>
public sealed partial class AgentCatalog : StoreLoop
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly AgentTable _table;
    private readonly SemaphoreSlim _refreshing = new(1);
    private string _stamp = "";
    private CatalogFiles<AgentDefinition> _files;
    private Dictionary<string, AgentDefinition?> _overlay = [];
    private (long Count, long Latest) _version = (-1, 0);
    private FrozenDictionary<string, AgentDefinition> _agents = FrozenDictionary<string, AgentDefinition>.Empty;

    public AgentCatalog(IConfiguration configuration, DbDataSource database, ExecutionSchema schema, TimeProvider time, ILogger<AgentCatalog> logger)
        : base(schema, Period, "Changes of agents could not be read", time, logger)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        _table = new AgentTable(database);
        Folder = Path.GetFullPath(Path.Combine(configuration["CATALOG_PATH"] is { Length: > 0 } path ? path : "catalog", "agents"));
        _files = ReadFiles();
        Merge();
    }

    /// <summary>Where the files are.</summary>
    public string Folder { get; }

    /// <summary>What is wrong with files that were refused.</summary>
    public IReadOnlyList<CatalogProblem> Problems => _files.Problems;

    /// <summary>All agents, by id.</summary>
    public IReadOnlyList<AgentDefinition> List() => [.. _agents.Values.OrderBy(a => a.Id, StringComparer.Ordinal)];

    /// <summary>An agent as this process knows it; null when it knows none of that id.</summary>
    public AgentDefinition? Find(string id) => _agents.GetValueOrDefault(id);

    /// <summary>The same, but asks the database before it says that there is none: another process may just have put it.</summary>
    public async ValueTask<AgentDefinition?> FindFreshAsync(string id, CancellationToken cancellationToken) =>
        Find(id) ?? (AgentValidation.IsId(id) && !_overlay.ContainsKey(id) ? await _table.FindAsync(id, cancellationToken) : null);

    /// <summary>Adds or replaces an agent, also one that a file declares.</summary>
    public Task PutAsync(AgentDefinition agent, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(agent);
        return WriteAsync(agent.Id, agent, cancellationToken);
    }

    /// <summary>Removes an agent; one that a file declares is hidden until it is put again. False when there is none.</summary>
    public async Task<bool> DeleteAsync(string id, CancellationToken cancellationToken)
    {
        if (await FindFreshAsync(id, cancellationToken) is null)
            return false;
        await WriteAsync(id, null, cancellationToken);
        return true;
    }

    /// <summary>Looks at files and database now.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        await _refreshing.WaitAsync(cancellationToken);
        try
        {
            var changed = false;
            if (CatalogFiles<AgentDefinition>.Stamp(Folder) != _stamp)
            {
                _files = ReadFiles();
                changed = true;
            }

            var version = await _table.ReadVersionAsync(cancellationToken);
            if (version != _version)
            {
                _overlay = await _table.ReadAllAsync(cancellationToken);
                changed |= version.Count > 0;
                _version = version;
            }

            if (changed)
                Merge();
        }
        finally
        {
            _refreshing.Release();
        }
    }

    protected override Task RunOnceAsync(CancellationToken cancellationToken) => RefreshAsync(cancellationToken);

    private async Task WriteAsync(string id, AgentDefinition? agent, CancellationToken cancellationToken)
    {
        // Later than whatever is there, also when this clock is behind: readers notice changes by the latest time.
        var (_, latest) = await _table.ReadVersionAsync(cancellationToken);
        await _table.WriteAsync(id, agent, Math.Max(Time.GetUtcNow().ToUnixTimeMilliseconds(), latest + 1), cancellationToken);
        await RefreshAsync(cancellationToken);
    }

    private CatalogFiles<AgentDefinition> ReadFiles()
    {
        _stamp = CatalogFiles<AgentDefinition>.Stamp(Folder);
        var files = CatalogFiles<AgentDefinition>.Read(Folder, AgentJson.ReadFile);
        foreach (var problem in files.Problems)
            LogProblem(Logger, problem);
        return files;
    }

    private void Merge()
    {
        var agents = new Dictionary<string, AgentDefinition>(_files.Definitions, StringComparer.Ordinal);
        foreach (var (id, definition) in _overlay)
        {
            if (definition is null)
                agents.Remove(id);
            else
                agents[id] = definition;
        }

        _agents = agents.ToFrozenDictionary(StringComparer.Ordinal);
        LogLoaded(Logger, agents.Count, Folder);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} agents, of {Folder} and the database")]
    private static partial void LogLoaded(ILogger logger, int count, string folder);

    [LoggerMessage(Level = LogLevel.Error, Message = "Refused: {Problem}")]
    private static partial void LogProblem(ILogger logger, CatalogProblem problem);
}
