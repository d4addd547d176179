namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>The database, Redis and what is cached.</summary>
public static partial class MetricCatalog
{
    private static readonly double[] StoreSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    private static readonly double[] PassSeconds = [0.01, 0.1, 1, 10, 60, 300, 1800, 7200];

    public static MetricDefinition CacheHits { get; } = new("cache_hits_total", MetricKind.Counter, "{lookup}", "Lookups that memory or Redis answered.", "cache_type");

    public static MetricDefinition CacheMisses { get; } = new("cache_misses_total", MetricKind.Counter, "{lookup}", "Lookups that had to ask further.", "cache_type");

    public static MetricDefinition DatabaseConnections { get; } = new("database_connections", MetricKind.Gauge, "{connection}", "Connections of this process to the database that are in use.");

    public static MetricDefinition DatabasePoolSize { get; } = new("database_pool_size", MetricKind.Gauge, "{connection}", "Most connections to the database that this process may have.");

    public static MetricDefinition RedisMemory { get; } = new("redis_memory_usage_bytes", MetricKind.Gauge, "By", "Memory that Redis uses; the same from every gateway.");

    public static MetricDefinition RedisMemoryLimit { get; } = new("redis_memory_limit_bytes", MetricKind.Gauge, "By", "Memory that Redis may use: its maxmemory, else what its machine has. The same from every gateway.");

    public static MetricDefinition RedisOperations { get; } = new("redis_operations_per_second", MetricKind.Gauge, "", "Commands that Redis answers in a second; the same from every gateway.");

    public static MetricDefinition RedisHitRate { get; } = new("redis_hit_rate_percentage", MetricKind.Gauge, "", "Percent of key lookups in Redis that found one, of all since it started; 100 before the first. The same from every gateway.");

    public static MetricDefinition StorageOperations { get; } = new("storage_operations_total", MetricKind.Counter, "{operation}", "Operations on the execution store: accept, claim, heartbeat, record and reads.", "operation", "status");

    public static MetricDefinition StorageBytes { get; } = new("storage_bytes", MetricKind.Gauge, "By", "What the database holds, with indexes and free room inside; of SQLite only the whole. The same from every instance: take the maximum.", "what");

    public static MetricDefinition StorageOldest { get; } = new("storage_oldest_seconds", MetricKind.Gauge, "s", "Age of the oldest row; 0 where there is none. The same from every instance: take the maximum.", "what");

    public static MetricDefinition RetentionRemoved { get; } = new("retention_removed_total", MetricKind.Counter, "{row}", "Rows that were removed because they were old or too many.", "what");

    public static MetricDefinition RetentionDuration { get; } = new("retention_pass_duration_seconds", MetricKind.Histogram, "s", "Duration of a pass of retention, with its pauses.") { Buckets = PassSeconds };

    public static MetricDefinition StorageDuration { get; } = new("storage_operation_duration_seconds", MetricKind.Histogram, "s", "Duration of operations on the execution store.", "operation", "status") { Buckets = StoreSeconds };

    public static MetricDefinition ContainerRuntimeHealthy { get; } = new("container_runtime_healthy", MetricKind.Gauge, "", "Whether the runtime of container agents answers: 1 or 0; absent where no agent needs one.");

    public static MetricDefinition SeriesDropped { get; } = new("metrics_series_dropped_total", MetricKind.Counter, "{measurement}", "Measurements whose labels were past the cap and count as other.", "metric");
}
