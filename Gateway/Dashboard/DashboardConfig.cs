using System.Data.Common;
using System.Globalization;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.Gateway.Dashboard;

/// <summary>What was set on the dashboard: for everybody, on every gateway.</summary>
/// <param name="Title">Shown beside the sign; 1 to 60 characters.</param>
/// <param name="Refresh">How often figures are pushed; 1s to 5m.</param>
internal sealed record DashboardConfig(string Title, TimeSpan Refresh)
{
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);
}

/// <summary>The config in the table <c>dashboard_settings</c>; what was never set is <c>DASHBOARD_REFRESH</c> (5s) and the solution's name.</summary>
internal sealed class DashboardConfigStore
{
    private const string Variable = "DASHBOARD_REFRESH";
    private const string Traces = "TRACES_URL";

    private readonly DbDataSource _database;
    private readonly ExecutionSchema _schema;
    private readonly TimeProvider _time;
    private readonly DashboardConfig _default;
    private volatile DashboardConfig _current;

    public DashboardConfigStore(IConfiguration configuration, DbDataSource database, ExecutionSchema schema, TimeProvider time)
    {
        (_database, _schema, _time) = (database, schema, time);
        TracesUrl = configuration.ReadHttpAddress(Traces)?.OriginalString;
        _default = new DashboardConfig(ServiceDefaults.ServiceIdentity.Solution, ReadRefresh(configuration));
        _current = _default;
    }

    /// <summary><c>TRACES_URL</c>: the address at which a trace is shown, without its id, which is put behind; null where there is none.</summary>
    public string? TracesUrl { get; }

    /// <summary>As it was read last; see <see cref="ReadAsync"/>.</summary>
    public DashboardConfig Current => _current;

    /// <exception cref="ConfigurationException">The refresh is no duration of 1s to 5m, or the address none.</exception>
    public static void Check(IConfiguration configuration)
    {
        ReadRefresh(configuration);
        configuration.ReadHttpAddress(Traces);
    }

    private static TimeSpan ReadRefresh(IConfiguration configuration)
    {
        if (configuration.ReadText(Variable) is not { } text)
            return TimeSpan.FromSeconds(5);
        return DurationText.TryParse(text, out var refresh) && refresh >= DashboardConfig.Shortest && refresh <= DashboardConfig.Longest
            ? refresh
            : throw new ConfigurationException(Variable, text, "a duration of 1s to 5m");
    }

    public async Task<DashboardConfig> ReadAsync(CancellationToken cancellationToken)
    {
        await _schema.Ready.WaitAsync(cancellationToken);
        var config = _default;
        foreach (var (name, value) in await _database.QueryAsync<(string, string)>("SELECT name, value FROM dashboard_settings", null, cancellationToken))
        {
            config = name switch
            {
                "title" => config with { Title = value },
                "refresh_ms" => config with { Refresh = TimeSpan.FromMilliseconds(long.Parse(value, CultureInfo.InvariantCulture), 0) },
                _ => config,
            };
        }

        return _current = config;
    }

    public async Task WriteAsync(DashboardConfig config, CancellationToken cancellationToken)
    {
        await _schema.Ready.WaitAsync(cancellationToken);
        await SetAsync("title", config.Title, cancellationToken);
        await SetAsync("refresh_ms", ((long)config.Refresh.TotalMilliseconds).ToString(CultureInfo.InvariantCulture), cancellationToken);
        _current = config;
    }

    private Task<int> SetAsync(string name, string value, CancellationToken cancellationToken) => _database.ExecuteAsync(
        "INSERT INTO dashboard_settings (name, value, updated_at) VALUES (@name, @value, @now) ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        new { name, value, now = _time.GetUtcNow() },
        cancellationToken);
}
