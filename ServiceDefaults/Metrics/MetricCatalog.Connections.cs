namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>Who is connected, what they say, and who is told of trouble.</summary>
public static partial class MetricCatalog
{
    private static readonly double[] MessageSeconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];
    private static readonly double[] MessageBytes = [64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576];

    public static MetricDefinition ActiveUsers { get; } = new("active_users", MetricKind.Gauge, "{user}", "Users whom this gateway has seen in the last 15 minutes.");

    public static MetricDefinition WebSockets { get; } = new("active_websocket_connections", MetricKind.Gauge, "{connection}", "WebSocket connections that are open.");

    public static MetricDefinition Connections { get; } = new("active_connections", MetricKind.Gauge, "{connection}", "Open connections: websocket and sse from clients, database and redis to them.", "type");

    public static MetricDefinition Messages { get; } = new("messages_total", MetricKind.Counter, "{message}", "WebSocket messages from and to clients, and signals that came from other processes over Redis (wake, cancel, keys, live); status is error for one that was refused or is one.", "type", "status");

    public static MetricDefinition MessageSize { get; } = new("message_size_bytes", MetricKind.Histogram, "By", "Size of those messages.", "type", "status") { Buckets = MessageBytes };

    public static MetricDefinition MessageProcessing { get; } = new("message_processing_time_seconds", MetricKind.Histogram, "s", "Time to handle such a message, or to send one.", "type", "status") { Buckets = MessageSeconds };

    public static MetricDefinition AlertsActive { get; } = new("alerts_active", MetricKind.Gauge, "{alert}", "Alerts that fire and are not resolved; the same from every gateway.", "severity");

    public static MetricDefinition Notifications { get; } = new("notifications_total", MetricKind.Counter, "{notification}", "Attempts to deliver notices of alerts, by how they ended; one that fails is tried again.", "channel", "status");
}
