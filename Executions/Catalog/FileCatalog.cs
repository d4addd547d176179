using System.Collections.Frozen;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace OsMEN.Executions.Catalog;

/// <summary>Definitions that only files declare, those of one folder under <c>CATALOG_PATH</c>. What changes there is known within a second.</summary>
public abstract partial class FileCatalog<T> : BackgroundService
    where T : class, ICatalogDefinition
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly DefinitionReader<T> _reader;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private string _stamp = "";
    private FrozenDictionary<string, T> _definitions = FrozenDictionary<string, T>.Empty;

    private protected FileCatalog(IConfiguration configuration, string folder, DefinitionReader<T> reader, TimeProvider time, ILogger logger)
    {
        (_reader, _time, _logger) = (reader, time, logger);
        Folder = Path.GetFullPath(Path.Combine(configuration["CATALOG_PATH"] is { Length: > 0 } path ? path : "catalog", folder));
        Refresh();
    }

    /// <summary>Where the files are.</summary>
    public string Folder { get; }

    /// <summary>What is wrong with files that were refused.</summary>
    public IReadOnlyList<CatalogProblem> Problems { get; private set; } = [];

    /// <summary>All definitions, by id.</summary>
    public IReadOnlyList<T> List() => [.. _definitions.Values.OrderBy(d => d.Id, StringComparer.Ordinal)];

    /// <summary>Null when there is none of that id.</summary>
    public T? Find(string id) => _definitions.GetValueOrDefault(id);

    /// <summary>Looks at the files now.</summary>
    public void Refresh()
    {
        // A catalog without such a folder is one without such definitions.
        var stamp = Directory.Exists(Folder) ? CatalogFiles<T>.Stamp(Folder) : "none";
        if (stamp == _stamp)
            return;
        _stamp = stamp;
        var files = stamp == "none" ? null : CatalogFiles<T>.Read(Folder, _reader);
        foreach (var problem in Problems = files?.Problems ?? [])
            LogProblem(_logger, problem);
        _definitions = files is null ? FrozenDictionary<string, T>.Empty : files.Definitions.ToFrozenDictionary(StringComparer.Ordinal);
        LogLoaded(_logger, _definitions.Count, Folder);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, _time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            Refresh();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} definitions of {Folder}")]
    private static partial void LogLoaded(ILogger logger, int count, string folder);

    [LoggerMessage(Level = LogLevel.Error, Message = "Refused: {Problem}")]
    private static partial void LogProblem(ILogger logger, CatalogProblem problem);
}
