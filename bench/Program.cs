using OsMEN.Bench;
using OsMEN.Bench.Queue;
using OsMEN.Tests.Infrastructure;

var wanted = args.Where(a => !a.StartsWith('-')).ToArray();
var report = new Report();
await using var server = new PostgresServer();
if (wanted.Length == 0 || wanted.Contains("queue", StringComparer.Ordinal))
    await QueueBench.RunAsync(server, report, [20_000, 200_000]);
return 0;
