using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OsMEN.ServiceDefaults.Configuration;
using OsMEN.ServiceDefaults.Logging;
using Serilog.Events;
using Serilog.Parsing;

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
        System.Diagnostics.Activity.Current = null;
        var line = Assert.Single(Write("OsMEN.Some.Type", logger =>
        {
            using var outer = logger.BeginScope(new Dictionary<string, object?> { ["trace_id"] = "4bf92f3577b34da6a3ce929d0e0e4736", ["ExecutionId"] = 7, ["Request_Id"] = "outer" });
            using var inner = logger.BeginScope(new Dictionary<string, object?> { ["request_id"] = "inner", ["status"] = "of the scope", ["agent"] = null });
            LogTurn(logger, 240, 1.5, "done");
        }));
        Assert.Equal(
            [
                "message 240 tokens in 1.5 ms: done", "request_id inner", "execution_id 7", "duration_ms 1.5", "status done", "tokens_used 240", "module OsMEN.Some.Type", "function LogTurn",
                "trace_id 4bf92f3577b34da6a3ce929d0e0e4736",
            ],
            line.EnumerateObject().Where(p => p.Name is not ("timestamp" or "level" or "service" or "logger" or "process_id" or "thread_id")).Select(p => $"{p.Name} {p.Value}"));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Tokens_Used} tokens in {DurationMs} ms: {status}")]
    private static partial void LogTurn(ILogger logger, long tokens_Used, double durationMs, string status);

    [Fact]
    public void Numbers_and_texts_are_written_as_they_are()
    {
        var line = Assert.Single(Write("c", logger => logger.LogWarning(
            "{Cost} {DurationMs} {Status} {TokensUsed} {Path}", 1234567890.123456789m, TimeSpan.FromMilliseconds(1.5), "a \"b\"\n{c}", 9_007_199_254_740_993, null)));
        Assert.Equal(
            """{"level":"WARNING","message":"1234567890.123456789 00:00:00.0015000 a \"b\"\n{c} 9007199254740993 null","duration_ms":1.5,"status":"a \"b\"\n{c}","tokens_used":9007199254740993,"cost":1234567890.123456789}""",
            "{" + string.Join(',', line.EnumerateObject().Where(p => p.Name is "level" or "message" or "duration_ms" or "status" or "tokens_used" or "cost").Select(p => $"\"{p.Name}\":{p.Value.GetRawText()}")) + "}");
    }

    [Fact]
    public async Task A_line_is_one_object_with_the_fields_that_apply()
    {
        var file = NewFile();
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
        var line = Read(file).Single(l => l.GetProperty("logger").GetString() == typeof(LogTests).FullName);
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
    public async Task An_exception_stands_in_the_line_with_its_origin_and_without_secrets()
    {
        var thrown = await Assert.ThrowsAsync<InvalidOperationException>(FailAsync);
        var line = Assert.Single(Write("c", logger => logger.LogError(thrown, "failed\nhere")));
        Assert.Equal("failed\nhere", line.GetProperty("message").GetString());
        Assert.Equal("System.InvalidOperationException", line.GetProperty("exception").GetProperty("type").GetString());
        Assert.Equal("Host=db;Password=***;Database=x", line.GetProperty("exception").GetProperty("message").GetString());
        Assert.Equal(
            $"{typeof(LogTests).FullName}.{nameof(FailAsync)}:105", $"{line.GetProperty("module")}.{line.GetProperty("function")}:{line.GetProperty("line")}");
        Assert.DoesNotContain("hunter2", line.GetRawText(), StringComparison.Ordinal);
    }

    private static async Task FailAsync()
    {
        await Task.Yield();
        throw new InvalidOperationException("Host=db;Password=hunter2;Database=x");
    }

    [Fact]
    public void An_exception_of_a_library_names_the_line_of_ours_that_called_it()
    {
        var thrown = Assert.ThrowsAny<FormatException>(() => int.Parse("x", System.Globalization.CultureInfo.InvariantCulture));
        var line = Assert.Single(Write("c", logger => logger.LogError(thrown, "failed")));
        Assert.Equal($"{typeof(LogTests).FullName}.{nameof(An_exception_of_a_library_names_the_line_of_ours_that_called_it)}", $"{line.GetProperty("module")}.{line.GetProperty("function")}");
        Assert.True(line.GetProperty("line").GetInt32() > 0);
    }

    [Theory]
    [InlineData("A.B", "C", "A.B", "C")]
    [InlineData("A.B+<CAsync>d__5", "MoveNext", "A.B", "CAsync")]
    [InlineData("A.B+<>c", "<C>b__0_0", "A.B", "C")]
    [InlineData("A.B+<>c__DisplayClass3_0+<<C>b__0>d", "MoveNext", "A.B", "C")]
    [InlineData("A.B", "<C>g__Local|3_0", "A.B", "C")]
    public void An_origin_is_named_as_in_its_source(string type, string method, string expectedType, string expectedMethod) =>
        Assert.Equal((expectedType, expectedMethod), LogText.SourceNames(type, method));

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
        var text = new string('x', 32_760) + " osm_abcdefghijklmnop" + new string('y', 2_000_000);
        var line = Assert.Single(Write("c", logger => logger.LogInformation("{Text}", text)));
        Assert.Equal(new string('x', 32_760) + " osm_***", line.GetProperty("message").GetString());
    }

    [Fact]
    public void Secrets_are_blanked_in_every_property_also_where_the_template_names_them()
    {
        var line = Assert.Single(Write("c", logger =>
        {
            using var scope = logger.BeginScope(new Dictionary<string, object?> { ["path"] = "/x?access_token=hunter2" });
            logger.LogInformation("Password={Value}; {Status}", "hunter2", "Bearer hunter2");
        }));
        Assert.Equal(
            "Password=***; Bearer *** | /x?access_token=*** | Bearer ***", $"{line.GetProperty("message")} | {line.GetProperty("path")} | {line.GetProperty("status")}");
        Assert.DoesNotContain("hunter2", line.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_person_reads_time_level_logger_and_message_without_secrets()
    {
        using var written = new StringWriter();
        var log = new LogEvent(
            new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero), LogEventLevel.Warning, new InvalidOperationException("key sk-proj-1234567890"),
            new MessageTemplateParser().Parse("Connecting with {Value}"), [new("Value", new ScalarValue("Password=hunter2")), new("SourceContext", new ScalarValue("OsMEN.Some.Type"))]);
        LogText.Readable().Format(log, written);
        Assert.Equal("03:04:05.678 WARNING  OsMEN.Some.Type: Connecting with Password=***\nSystem.InvalidOperationException: key sk-***\n", written.ToString().ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task Framework_information_is_off_unless_its_category_is_configured()
    {
        static async Task<string[]> LogAsync(params (string Key, string Value)[] settings)
        {
            var file = NewFile();
            await using (var service = await TestService.StartAsync(
                builder => builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value))), settings: [.. settings, ("LOG_FILE", file)]))
            {
                var loggers = service.App.Services.GetRequiredService<ILoggerFactory>();
                foreach (var category in (string[])["Microsoft.AspNetCore.Routing.EndpointMiddleware", "System.Net.Http.HttpClient.x.LogicalHandler", "Npgsql.Command", "Polly", "OsMEN.Gateway.X", "Other.X"])
                    loggers.CreateLogger(category).LogInformation("told");
                loggers.CreateLogger("Npgsql.Command").LogWarning("slow");
            }
            return [.. Read(file).Where(l => l.GetProperty("message").GetString() is "told" or "slow").Select(l => $"{l.GetProperty("level")} {l.GetProperty("logger")}")];
        }

        Assert.Equal(["INFO OsMEN.Gateway.X", "INFO Other.X", "WARNING Npgsql.Command"], await LogAsync());
        Assert.Equal(
            ["INFO Npgsql.Command", "INFO OsMEN.Gateway.X", "WARNING Npgsql.Command"],
            await LogAsync(("Logging:LogLevel:Npgsql", "Information"), ("Logging:LogLevel:Other", "Error")));
    }

    [Fact]
    public void Replicas_with_the_same_setting_write_files_of_their_own()
    {
        var file = NewFile();
        using (var first = Open(file))
        using (var second = Open(file))
        {
            first.CreateLogger("c").LogInformation("first");
            second.CreateLogger("c").LogInformation("second");
        }
        Assert.Equal(
            ["a-2.log: second", "a.log: first"],
            Directory.GetFiles(Path.GetDirectoryName(file)!).Order(StringComparer.Ordinal).Select(f => $"{Path.GetFileName(f)}: {Assert.Single(Read(f)).GetProperty("message")}"));
    }

    [Fact]
    public void A_file_is_rolled_by_size_and_only_so_many_are_kept()
    {
        var file = NewFile();
        using (var log = Open(file, fileBytes: 20, retention: 2))
            for (var i = 1; i <= 5; i++) log.CreateLogger("c").LogInformation("line {I}", i);
        Assert.Equal(
            ["a_002.log: line 3", "a_003.log: line 4", "a_004.log: line 5"],
            Directory.GetFiles(Path.GetDirectoryName(file)!).Order(StringComparer.Ordinal).Select(f => $"{Path.GetFileName(f)}: {Assert.Single(Read(f)).GetProperty("message")}"));
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_refused_with_its_key()
    {
        var e = Assert.Throws<ConfigurationException>(() => Open("/proc/none/a.log"));
        Assert.Equal("LOG_FILE holds \"/proc/none/a.log\"; allowed: a path that this process can write.", e.Message);
    }

    private static string NewFile() => Path.Combine(Directory.CreateTempSubdirectory("osmen-log-").FullName, "a.log");

    private static SerilogProvider Open(string file, long fileBytes = 10_000_000, int retention = 5) =>
        new(new(LogLevel.Information, Json: true, file, fileBytes, retention) { Console = false }, new("agentworker", "1", "", "i"));

    /// <summary>The lines that a logger of that category writes.</summary>
    private static List<JsonElement> Write(string category, Action<ILogger> log)
    {
        var file = NewFile();
        using (var provider = Open(file))
        using (var factory = new LoggerFactory([provider])) log(factory.CreateLogger(category));
        return Read(file);
    }

    private static List<JsonElement> Read(string file) => [.. File.ReadAllLines(file).Select(l => JsonDocument.Parse(l).RootElement)];
}
