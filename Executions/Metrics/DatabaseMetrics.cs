using System.Diagnostics.Metrics;
using Npgsql;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Executions.Metrics;

/// <summary>The connections to the database: in use, and how many there may be.</summary>
public sealed class DatabaseMetrics : IDisposable
{
    private readonly NpgsqlPool? _pool;

    private DatabaseMetrics(MetricFactory metrics, Func<int> inUse, int most, NpgsqlPool? pool = null)
    {
        _pool = pool;
        InUse = inUse;
        PoolSize = most;
        metrics.ObservableGauge(MetricCatalog.DatabaseConnections, () => [new(inUse())]);
        metrics.ObservableGauge(MetricCatalog.DatabasePoolSize, () => [new(most)]);
    }

    /// <summary>Connections that do something now.</summary>
    public Func<int> InUse { get; }

    /// <summary>How many there may be.</summary>
    public int PoolSize { get; }

    internal static DatabaseMetrics Of(MetricFactory metrics, SqliteDatabase database) => new(metrics, () => database.InUse, SqliteDatabase.MaxConnections);

    internal static DatabaseMetrics Of(MetricFactory metrics, NpgsqlDataSource source)
    {
        var pool = new NpgsqlPool();
        return new DatabaseMetrics(metrics, pool.CountInUse, new NpgsqlConnectionStringBuilder(source.ConnectionString).MaxPoolSize, pool);
    }

    public void Dispose() => _pool?.Dispose();

    /// <summary>Npgsql tells its pool's state by its meter only.</summary>
    private sealed class NpgsqlPool : IDisposable
    {
        private const string Connections = "db.client.connection.count";

        private readonly Lock _lock = new();
        private readonly MeterListener _listener = new();
        private int _used;

        public NpgsqlPool()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument is { Meter.Name: "Npgsql", Name: Connections })
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<int>((_, value, tags, _) => Take(value, tags));
            _listener.SetMeasurementEventCallback<long>((_, value, tags, _) => Take((int)value, tags));
            _listener.Start();
        }

        public int CountInUse()
        {
            lock (_lock)
            {
                _used = 0;
                _listener.RecordObservableInstruments();
                return _used;
            }
        }

        public void Dispose() => _listener.Dispose();

        private void Take(int value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (var (name, state) in tags)
            {
                if (name == "db.client.connection.state" && state is "used")
                    _used += value;
            }
        }
    }
}
