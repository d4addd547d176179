using OsMEN.Gateway.Alerts.Notices;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.Gateway.Alerts;

/// <summary>
/// The file of <c>MONITORING_CONFIG_PATH</c>, by default <c>monitoring/alerts.yaml</c> in the working directory or beside the content.
/// It is read again when it changes; while it has problems, what was read before stays.
/// </summary>
internal sealed partial class AlertFileSource
{
    private const string Key = "MONITORING_CONFIG_PATH";
    private const string Default = "monitoring/alerts.yaml";

    private readonly ILogger _logger;
    private (DateTime Written, long Length) _stamp;
    private AlertFile _file = new([], []);

    /// <exception cref="ConfigurationException">The file that is named is not there, or cannot be used.</exception>
    public AlertFileSource(IConfiguration configuration, IHostEnvironment environment, ILogger<AlertFileSource> logger)
    {
        _logger = logger;
        var named = configuration.ReadText(Key);
        Path = Find(named ?? Default, environment.ContentRootPath);
        if (Path is null)
        {
            if (named is not null) throw new ConfigurationException(Key, named, "a file of alert rules that is there");
            LogNone(logger, Default);
            return;
        }
        _stamp = Stamp(Path);
        (_file, Routing) = Read(Path);
        if (_file.Problems.Concat(Routing.Problems).FirstOrDefault() is { } problem) throw new ConfigurationException(Key, Path, $"a file without mistakes: {problem}");
        LogOff();
    }

    /// <summary>The file; null where there is none.</summary>
    public string? Path { get; }

    /// <summary>Channels and routes, as of the last <see cref="Current"/>.</summary>
    public RoutingFile Routing { get; private set; } = RoutingFile.Empty;

    /// <summary>What the file says now. The same object as long as it does not change.</summary>
    public AlertFile Current()
    {
        if (Path is null || Stamp(Path) is var stamp && stamp == _stamp) return _file;
        _stamp = stamp;
        var (read, routing) = Read(Path);
        foreach (var problem in read.Problems.Concat(routing.Problems)) LogProblem(_logger, problem.ToString());
        if (read.Problems.Count + routing.Problems.Count == 0)
        {
            (_file, Routing) = (read, routing);
            LogRead(_logger, Path, read.Rules.Count);
            LogOff();
        }
        return _file;
    }

    private static (AlertFile Rules, RoutingFile Routing) Read(string path)
    {
        var rules = AlertYaml.ReadFile(path, Environment.GetEnvironmentVariable);
        return (rules, rules.Problems.Count > 0 ? RoutingFile.Empty : RoutingYaml.Read(path, File.ReadAllText(path), Environment.GetEnvironmentVariable));
    }

    private void LogOff()
    {
        foreach (var channel in Routing.Channels.Where(c => !c.IsOn)) LogChannelOff(_logger, channel.Name, string.Join(", ", channel.Unset));
    }

    private static (DateTime Written, long Length) Stamp(string path)
    {
        try
        {
            return (File.GetLastWriteTimeUtc(path), new FileInfo(path).Length);
        }
        catch (IOException)
        {
            return default;
        }
    }

    private static string? Find(string path, string contentRoot) =>
        new[] { path, System.IO.Path.Combine(contentRoot, path), System.IO.Path.Combine(AppContext.BaseDirectory, path) }
            .Select(System.IO.Path.GetFullPath).FirstOrDefault(File.Exists);

    [LoggerMessage(Level = LogLevel.Warning, Message = "There is no {Path}: only alert rules put by the API are evaluated")]
    private static partial void LogNone(ILogger logger, string path);

    [LoggerMessage(Level = LogLevel.Error, Message = "The alert rules stay as they were: {Problem}")]
    private static partial void LogProblem(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "Alert channel {Name} is off: not set: {Variables}")]
    private static partial void LogChannelOff(ILogger logger, string name, string variables);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Path} was read anew: {Count} alert rules")]
    private static partial void LogRead(ILogger logger, string path, int count);
}
