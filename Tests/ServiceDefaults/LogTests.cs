using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OsMEN.ServiceDefaults;
using OsMEN.ServiceDefaults.Logging;

namespace OsMEN.Tests.ServiceDefaults;

public sealed partial class LogTests
{
    [Theory]
    [InlineData("WARNING", 0, 0)]
    [InlineData("INFO", 1, 1_000_000)]
    public async Task A_call_below_the_level_allocates_nothing(string level, int least, int most)
    {
        await using var service = await TestService.StartAsync(settings: [("LOG_LEVEL", level), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")]);
        var logger = service.App.Services.GetRequiredService<ILogger<LogTests>>();
        var id = Guid.CreateVersion7();
        LogStep(logger, "daily_brief", id, 12.5, 0.25m);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) LogStep(logger, "daily_brief", id, i, i);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, least, most);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Agent} {Execution_Id} took {Duration_Ms} ms for {Cost}")]
    private static partial void LogStep(ILogger logger, string agent, Guid execution_Id, double duration_Ms, decimal cost);

    [Fact]
    public void Fields_come_in_any_spelling_and_a_scope_gives_the_trace_where_nothing_is_traced()
    {
        var json = new JsonLogLine(new ServiceIdentity("agentworker", "1", "", "i"), TimeProvider.System);
        var scopes = new LoggerExternalScopeProvider();
        using var scope = scopes.Push(new Dictionary<string, object?> { ["trace_id"] = "4bf92f3577b34da6a3ce929d0e0e4736", ["ExecutionId"] = 7 });
        System.Diagnostics.Activity.Current = null;
        KeyValuePair<string, object?>[] state = [new("Tokens_Used", 240L), new("DurationMs", 1.5), new("Request_Id", "r")];
        var line = JsonDocument.Parse(json.Write(
            new LogEntry<KeyValuePair<string, object?>[]>(LogLevel.Information, "OsMEN.Some.Type", new(1, "LogSomething"), state, null, (_, _) => "done"), scopes).ToArray()).RootElement;
        Assert.Equal(
            ["message done", "request_id r", "execution_id 7", "duration_ms 1.5", "tokens_used 240", "module OsMEN.Some.Type", "function LogSomething", "trace_id 4bf92f3577b34da6a3ce929d0e0e4736"],
            line.EnumerateObject().Where(p => p.Name is not ("timestamp" or "level" or "service" or "logger" or "process_id" or "thread_id")).Select(p => $"{p.Name} {p.Value}"));
    }

    [Fact]
    public async Task A_line_is_one_object_with_the_fields_that_apply()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("osmen-log-").FullName, "service.log");
        await using (var service = await TestService.StartAsync(
            map: app => app.MapGet("/run/{id}", (ILogger<LogTests> logger, string id) =>
            {
                using var scope = logger.BeginScope(new Dictionary<string, object?> { ["execution_id"] = id, ["agent"] = "daily_brief" });
                logger.LogInformation("Agent execution completed with {Status} after {DurationMs} ms for {Cost}", "COMPLETED", 12.5, 0.25m);
                return id;
            }),
            settings: [("LOG_FILE", file)]))
        {
            await service.GetAsync("/run/e1", ("X-Request-Id", "req-7"));
        }
        var line = (await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken)).Select(l => JsonDocument.Parse(l).RootElement).Single(l => l.GetProperty("logger").GetString() == typeof(LogTests).FullName);
        var names = line.EnumerateObject().Select(p => p.Name).ToArray();
        Assert.Equal(
            ["timestamp", "level", "service", "logger", "message", "request_id", "ip_address", "path", "method", "agent", "execution_id", "duration_ms", "status", "cost", "trace_id", "span_id", "process_id", "thread_id"],
            names);
        Assert.Equal(
            """INFO gateway "Agent execution completed with COMPLETED after 12.5 ms for 0.25" req-7 127.0.0.1 /run/e1 GET daily_brief e1 12.5 COMPLETED 0.25""",
            $"{line.GetProperty("level")} {line.GetProperty("service")} {line.GetProperty("message").GetRawText()} {line.GetProperty("request_id")} {line.GetProperty("ip_address")} {line.GetProperty("path")} {line.GetProperty("method")} {line.GetProperty("agent")} {line.GetProperty("execution_id")} {line.GetProperty("duration_ms")} {line.GetProperty("status")} {line.GetProperty("cost")}");
        Assert.EndsWith("Z", line.GetProperty("timestamp").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_exception_stands_in_the_line_with_its_origin_and_without_secrets()
    {
        var json = new JsonLogLine(new ServiceIdentity("gateway", "1", "", "i"), TimeProvider.System);
        Exception thrown;
        try
        {
            throw new InvalidOperationException("Host=db;Password=hunter2;Database=x");
        }
        catch (InvalidOperationException e)
        {
            thrown = e;
        }
        var line = JsonDocument.Parse(json.Write(new LogEntry<string>(LogLevel.Error, "c", default, "failed\nhere", thrown, (s, _) => s), null).ToArray()).RootElement;
        Assert.Equal("failed\nhere", line.GetProperty("message").GetString());
        Assert.Equal("System.InvalidOperationException", line.GetProperty("exception").GetProperty("type").GetString());
        Assert.Equal("Host=db;Password=***;Database=x", line.GetProperty("exception").GetProperty("message").GetString());
        Assert.Equal(nameof(An_exception_stands_in_the_line_with_its_origin_and_without_secrets), line.GetProperty("function").GetString());
        Assert.DoesNotContain("hunter2", line.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Authorization: Bearer abc.def", "Authorization: ***")]
    [InlineData("sent bearer xyz123, and more", "sent bearer ***, and more")]
    [InlineData("key osm_abcDEF_123 used", "key osm_*** used")]
    [InlineData("sk-proj-1234567890 refused", "sk-*** refused")]
    [InlineData("Host=h;Password=a b c;Username=u", "Host=h;Password=***;Username=u")]
    [InlineData("localhost:6379,password=abc", "localhost:6379,password=***")]
    [InlineData("postgres://osmen:pa55@db/x", "postgres://osmen:***@db/x")]
    [InlineData("""{"api_key": "abc", "a": 1}""", """{"api_key": "***", "a": 1}""")]
    [InlineData("redis://:pa55@cache:6379/0 and amqp://u:p%40s@h", "redis://:***@cache:6379/0 and amqp://u:***@h")]
    [InlineData("Endpoint=sb://x;SharedAccessKey=a+b/c=;EntityPath=q", "Endpoint=sb://x;SharedAccessKey=***;EntityPath=q")]
    [InlineData("aws_secret_access_key=wJalr/XUtn AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key=*** AKIA***")]
    [InlineData("POST https://h/v1?access_token=abc", "POST https://h/v1?access_token=***")]
    [InlineData("x-goog-api-key: AIzaSyA1234567890", "x-goog-api-key: ***")]
    [InlineData("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln from it", "got eyJ*** from it")]
    [InlineData("tokens_used=5 for user", "tokens_used=5 for user")]
    [InlineData("osmen started", "osmen started")]
    public void Secrets_are_blanked(string text, string expected) => Assert.Equal(expected, SecretRedactor.Redact(text));

    [Fact]
    public void A_huge_text_is_cut_and_keeps_no_secret_at_the_cut()
    {
        var json = new JsonLogLine(new ServiceIdentity("gateway", "1", "", "i"), TimeProvider.System);
        var text = new string('x', 32_760) + " osm_abcdefghijklmnop" + new string('y', 2_000_000);
        var line = JsonDocument.Parse(json.Write(new LogEntry<string>(LogLevel.Information, "c", default, text, null, (s, _) => s), null).ToArray()).RootElement;
        Assert.Equal(new string('x', 32_760) + " osm_***", line.GetProperty("message").GetString());
    }

    [Fact]
    public void Replicas_with_the_same_setting_write_files_of_their_own()
    {
        var folder = Directory.CreateTempSubdirectory("osmen-log-").FullName;
        using (var first = new RollingFile(Path.Combine(folder, "a.log"), 1000, 1))
        using (var second = new RollingFile(Path.Combine(folder, "a.log"), 1000, 1))
        {
            first.WriteLine("first"u8);
            second.WriteLine("second"u8);
        }
        Assert.Equal(["a-2.log: second", "a.log: first"], Directory.GetFiles(folder).Select(f => $"{Path.GetFileName(f)}: {File.ReadAllText(f).TrimEnd()}").Order(StringComparer.Ordinal));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void A_file_is_rolled_by_size_and_only_so_many_are_kept()
    {
        var folder = Directory.CreateTempSubdirectory("osmen-log-").FullName;
        var path = Path.Combine(folder, "a.log");
        using (var file = new RollingFile(path, maxBytes: 20, retention: 2))
        {
            foreach (var line in (string[])["line-0001", "line-0002", "line-0003", "line-0004", "line-0005", "line-0006", "line-0007"]) file.WriteLine(System.Text.Encoding.UTF8.GetBytes(line));
        }
        Assert.Equal(["a.log", "a.log.1", "a.log.2"], Directory.GetFiles(folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        Assert.Equal(["line-0007"], File.ReadAllLines(path));
        Assert.Equal(["line-0005", "line-0006"], File.ReadAllLines(path + ".1"));
        Assert.Equal(["line-0003", "line-0004"], File.ReadAllLines(path + ".2"));
        Directory.Delete(folder, recursive: true);
    }
}
