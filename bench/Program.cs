using OsMEN.Bench;
using OsMEN.Bench.AppHost;
using OsMEN.Bench.Budgets;
using OsMEN.Bench.EndToEnd;
using OsMEN.Bench.Gateway;
using OsMEN.Bench.Metrics;
using OsMEN.Bench.Queue;
using OsMEN.Bench.Retention;
using OsMEN.Bench.Traces;
using OsMEN.Bench.Workflows;
using OsMEN.Tests.Infrastructure;

// dotnet run -c Release --project bench -- all [--runs 3] [--write bench/RESULTS.md]; or any of the names below.
if (args is ["worker", ..])
{
    await NoopWorker.RunAsync(args[1..]);
    return 0;
}

if (args is ["provider", var address])
{
    await FakeProvider.RunAsync(address);
    return 0;
}

// "gateway" and "apphost" are not part of "all": the results of gateway are bench/GATEWAY.md, and apphost wants a quiet machine.
string[] names = ["apphost", "queue", "accept", "end-to-end", "latency", "soak", "metrics", "traces", "budgets", "retention", "workflows", "gateway"];
var wanted = args.TakeWhile(a => !a.StartsWith("--", StringComparison.Ordinal)).ToArray();
if (wanted.Length == 0 || !wanted.All(w => w == "all" || names.Contains(w)))
{
    Console.Error.WriteLine($"usage: bench all | {string.Join(" | ", names)} … [--store PostgreSQL|SQLite] [--runs N] [--write FILE]");
    return 2;
}

var stores = Option("--store") is { } one ? [one] : Store.Names;
var report = new Report();
await using var postgres = new PostgresServer();
await using var redis = new RedisServer();
for (var run = int.Parse(Option("--runs") ?? "1", System.Globalization.CultureInfo.InvariantCulture); run > 0; run--)
{
    if (wanted.Contains("apphost"))
        await AppHostBench.RunAsync(report);
    if (Wants("metrics"))
        await MetricsBench.RunAsync(report);
    foreach (var store in stores)
    {
        if (Wants("queue"))
            await QueueBench.RunAsync(postgres, report, store, [20_000, 200_000]);
        if (Wants("accept"))
            await EndToEndBench.AcceptsAsync(postgres, redis, report, store);
        if (Wants("end-to-end"))
            await EndToEndBench.ThroughputAsync(postgres, redis, report, store);
        if (Wants("latency"))
            await EndToEndBench.LatencyAsync(postgres, redis, report, store);
        if (Wants("budgets"))
            await BudgetBench.RunAsync(postgres, report, store);
        if (Wants("retention"))
            await RetentionBench.RunAsync(postgres, report, store);
        if (Wants("workflows"))
            await WorkflowBench.RunAsync(postgres, redis, report, store);
        if (Wants("soak"))
            await EndToEndBench.SoakAsync(postgres, redis, report, store);
    }

    if (Wants("traces"))
        TracingBench.Run(report);
    if (wanted.Contains("gateway"))
        await GatewayBench.RunAsync(postgres, redis, report);
}

if (Option("--write") is { } file)
    await File.WriteAllTextAsync(file, Machine.Describe(string.Join(' ', args)) + report.ToMarkdown());
return 0;

bool Wants(string name) => wanted.Contains("all") || wanted.Contains(name);

string? Option(string name) => Array.IndexOf(args, name) is var i and >= 0 && i + 1 < args.Length ? args[i + 1] : null;
