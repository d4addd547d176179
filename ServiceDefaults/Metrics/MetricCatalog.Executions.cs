namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>Executions, agents, the queue and workers.</summary>
public static partial class MetricCatalog
{
    private static readonly double[] WorkSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

    public static MetricDefinition AgentExecutions { get; } = new("agent_executions_total", MetricKind.Counter, "{execution}", "Executions of agents that ended.", "agent_id", "status");

    public static MetricDefinition AgentDuration { get; } = new("agent_duration_seconds", MetricKind.Histogram, "s", "From the start of the attempt that ended an execution to its end.", "agent_id", "status") { Buckets = WorkSeconds };

    public static MetricDefinition AgentResponseTime { get; } = new("agent_response_time_seconds", MetricKind.Histogram, "s", "From the start of an attempt to its first output.", "agent_id") { Buckets = WorkSeconds };

    public static MetricDefinition AgentRunning { get; } = new("agent_running_executions", MetricKind.Gauge, "{execution}", "Executions that this worker runs.", "agent_id");

    public static MetricDefinition AgentAssignments { get; } = new("agent_task_assignments_total", MetricKind.Counter, "{execution}", "Executions that this worker claimed.", "agent_id", "task_type");

    public static MetricDefinition AgentUtilization { get; } = new("agent_utilization_percentage", MetricKind.Gauge, "", "Percent of this worker's slots that an agent takes.", "agent_id");

    public static MetricDefinition AgentMemory { get; } = new("agent_memory_bytes", MetricKind.Gauge, "By", "Resident memory of an agent's processes on this worker, with their children; 0 while none runs. Agents that run in the worker have none of their own.", "agent_id");

    public static MetricDefinition AgentCpu { get; } = new("agent_cpu_percent", MetricKind.Gauge, "", "CPU of an agent's processes on this worker, with their children: percent of one core; 0 while none runs.", "agent_id");

    public static MetricDefinition AgentRevenue { get; } = new("agent_revenue_dollars_total", MetricKind.Counter, "", "Dollars charged for completed executions of agents that have a price.", "agent_id");

    public static MetricDefinition CommandExecutions { get; } = new("command_executions_total", MetricKind.Counter, "{execution}", "Executions of commands that ended.", "command_id", "status");

    public static MetricDefinition CommandDuration { get; } = new("command_execution_duration_seconds", MetricKind.Histogram, "s", "From the start of the attempt that ended a command's execution to its end.", "command_id", "status") { Buckets = WorkSeconds };

    public static MetricDefinition WorkflowExecutions { get; } = new("workflow_executions_total", MetricKind.Counter, "{execution}", "Executions of workflows that ended.", "workflow_id", "status");

    public static MetricDefinition WorkflowDuration { get; } = new("workflow_execution_duration_seconds", MetricKind.Histogram, "s", "From the start of the attempt that ended a workflow's execution to its end.", "workflow_id", "status") { Buckets = WorkSeconds };

    public static MetricDefinition ServiceRequests { get; } = new("service_requests_total", MetricKind.Counter, "{request}", "Requests for executions that this gateway accepted.", "kind");

    public static MetricDefinition ServiceRequestsByStatus { get; } = new("service_requests_by_status", MetricKind.Gauge, "{request}", "Requests for executions: pending and running as the queue has them (the same from every gateway: take the maximum), and ended ones since the instance that ended them started (take the sum).", "status");

    public static MetricDefinition Agents { get; } = new("agents", MetricKind.Gauge, "{agent}", "Agents in the catalogue: active, or refused for an error in their file.", "status", "type");

    public static MetricDefinition Tasks { get; } = new("tasks_total", MetricKind.Counter, "{execution}", "Executions of any kind that ended.", "status", "type");

    public static MetricDefinition TaskProcessing { get; } = new("task_processing_time_seconds", MetricKind.Histogram, "s", "From the start of an attempt to its end.", "type") { Buckets = WorkSeconds };

    public static MetricDefinition TaskWait { get; } = new("task_wait_seconds", MetricKind.Histogram, "s", "From when an execution was due to the start of its first attempt.", "type") { Buckets = WorkSeconds };

    public static MetricDefinition ActiveTasks { get; } = new("active_tasks", MetricKind.Gauge, "{execution}", "Executions of any kind that this worker runs.", "type");

    public static MetricDefinition QueueSize { get; } = new("task_queue_size", MetricKind.Gauge, "{execution}", "Executions that are due and wait for a worker; the same from every instance: take the maximum.", "priority");

    public static MetricDefinition QueueOldest { get; } = new("task_queue_oldest_seconds", MetricKind.Gauge, "s", "How long the oldest of those that are due has waited; 0 where none is. The same from every instance.");

    public static MetricDefinition Scheduled { get; } = new("scheduled_executions", MetricKind.Gauge, "{execution}", "Executions that are due later; the same from every instance.", "kind");

    public static MetricDefinition WorkerSlots { get; } = new("worker_slots", MetricKind.Gauge, "{slot}", "This worker's slots.", "state");
}
