using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace OsMEN.Tests.LocalHosting.Dashboard;

/// <summary>What the OpenTelemetry SDK sends is received whole, over HTTP and over gRPC.</summary>
public sealed class ReceiverTests
{
    private static readonly string[] s_spanNames = ["POST /orders", "charge"];

    [Theory]
    [InlineData(OtlpExportProtocol.HttpProtobuf)]
    [InlineData(OtlpExportProtocol.Grpc)]
    public async Task Traces_and_logs_arrive_with_their_ids_and_attributes(OtlpExportProtocol protocol)
    {
        await using var dashboard = await RunningDashboard.StartAsync();
        var sourceName = $"Orders.{protocol}";
        using var source = new ActivitySource(sourceName);
        using var traces = Sdk.CreateTracerProviderBuilder().AddSource(sourceName).SetSampler(new AlwaysOnSampler())
            .ConfigureResource(r => Describe(r)).AddOtlpExporter(o => SendTo(o, dashboard, protocol, "traces")).Build();
        using var logs = LoggerFactory.Create(l => l.AddOpenTelemetry(o =>
        {
            o.IncludeFormattedMessage = true;
            o.SetResourceBuilder(Describe(ResourceBuilder.CreateEmpty())).AddOtlpExporter(e => SendTo(e, dashboard, protocol, "logs"));
        }));
        string traceId, childId;
        using (var root = source.StartActivity("POST /orders", ActivityKind.Server)!)
        {
            traceId = root.TraceId.ToHexString();
            using var child = source.StartActivity("charge", ActivityKind.Client)!;
            childId = child.SpanId.ToHexString();
            child.SetTag("amount", 12.5).SetTag("items", new[] { "a", "b" }).SetStatus(ActivityStatusCode.Error, "card refused");
            child.AddEvent(new("retry", tags: new() { ["attempt"] = 2 }));
#pragma warning disable CA1848, CA2254, CA1873 // What arrives is tested, not how fast it is written.
            logs.CreateLogger("Orders.Cashier").LogError("Card {Card} refused", 4711);
#pragma warning restore CA1848, CA2254, CA1873
        }

        Assert.True(traces.ForceFlush());
        logs.Dispose();

        var trace = await dashboard.GetAsync("/api/traces/" + traceId);
        var spans = trace.GetProperty("spans").EnumerateArray().ToArray();
        Assert.Equal(s_spanNames, spans.Select(s => s.GetProperty("name").GetString()));
        Assert.Equal(spans[0].GetProperty("id").GetString(), spans[1].GetProperty("parent").GetString());
        Assert.Equal((2, 3), (spans[0].GetProperty("kind").GetInt32(), spans[1].GetProperty("kind").GetInt32()));
        Assert.Equal("""[{"key":"amount","value":"12.5"},{"key":"items","value":"[a, b]"}]""", spans[1].GetProperty("attributes").GetRawText());
        Assert.Equal("card refused", spans[1].GetProperty("status").GetString());
        Assert.Equal("retry", spans[1].GetProperty("events")[0].GetProperty("name").GetString());
        Assert.Equal("""[{"key":"attempt","value":"2"}]""", spans[1].GetProperty("events")[0].GetProperty("attributes").GetRawText());
        Assert.Equal(1, trace.GetProperty("logs").GetInt64());

        var row = Assert.Single((await dashboard.GetAsync($"/api/logs?level=17&resource=shop&text=REFUSED&trace={traceId}")).GetProperty("rows").EnumerateArray());
        var log = await dashboard.GetAsync("/api/logs/" + row.GetProperty("id").GetInt64());
        Assert.Equal("Card 4711 refused", log.GetProperty("message").GetString());
        Assert.Equal("Orders.Cashier", log.GetProperty("category").GetString());
        Assert.Equal(17, log.GetProperty("severity").GetInt32());
        Assert.Equal(("shop", "shop-1"), (log.GetProperty("service").GetString(), log.GetProperty("instance").GetString()));
        Assert.Equal(childId, log.GetProperty("spanId").GetString());
        Assert.Contains("""{"key":"Card","value":"4711"}""", log.GetProperty("attributes").GetRawText(), StringComparison.Ordinal);
        Assert.Empty((await dashboard.GetAsync("/api/logs?level=21")).GetProperty("rows").EnumerateArray());
        Assert.Empty((await dashboard.GetAsync("/api/logs?resource=other")).GetProperty("rows").EnumerateArray());
    }

    [Theory]
    [InlineData(OtlpExportProtocol.HttpProtobuf)]
    [InlineData(OtlpExportProtocol.Grpc)]
    public async Task Metrics_of_every_kind_arrive(OtlpExportProtocol protocol)
    {
        await using var dashboard = await RunningDashboard.StartAsync();
        var meterName = $"Shop.{protocol}";
        using var meter = new Meter(meterName);
        using var metrics = Sdk.CreateMeterProviderBuilder().AddMeter(meterName).ConfigureResource(r => Describe(r))
            .AddOtlpExporter(o => SendTo(o, dashboard, protocol, "metrics")).Build();
        meter.CreateCounter<long>("orders", "{order}", "Orders taken").Add(3, new KeyValuePair<string, object?>("kind", "express"));
        meter.CreateUpDownCounter<double>("open").Add(-1.5);
        meter.CreateHistogram<double>("duration", "s").Record(0.02);
        Assert.True(metrics.ForceFlush());

        var list = (await dashboard.GetAsync("/api/metrics")).GetProperty("rows").EnumerateArray()
            .Select(m => (m.GetProperty("name").GetString(), m.GetProperty("kind").GetString(), m.GetProperty("unit").GetString(), m.GetProperty("series").GetInt32()));
        Assert.Equal([("duration", "Histogram", "s", 1), ("open", "Gauge", "", 1), ("orders", "Counter", "{order}", 1)], list);
        var orders = await SeriesAsync("orders");
        Assert.Equal("""[{"key":"kind","value":"express"}]""", orders.GetProperty("attributes").GetRawText());
        Assert.Equal(3, orders.GetProperty("points")[0][1].GetDouble());
        Assert.Equal(-1.5, (await SeriesAsync("open")).GetProperty("points")[0][1].GetDouble());
        var duration = (await SeriesAsync("duration")).GetProperty("points")[0];
        Assert.Equal((1d, 0.02), (duration[1].GetDouble(), duration[2].GetDouble()));
        Assert.True(duration[3].GetDouble() > 0);

        async Task<System.Text.Json.JsonElement> SeriesAsync(string name) =>
            Assert.Single((await dashboard.GetAsync($"/api/metrics/series?resource=shop&meter={meterName}&name={name}")).GetProperty("series").EnumerateArray());
    }

    private static void SendTo(OtlpExporterOptions options, RunningDashboard dashboard, OtlpExportProtocol protocol, string signal)
    {
        options.Protocol = protocol;
        options.Endpoint = new Uri(protocol == OtlpExportProtocol.Grpc ? dashboard.Server.GrpcAddress : $"{dashboard.Server.Address}/v1/{signal}");
        options.Headers = "x-otlp-api-key=" + dashboard.Server.Telemetry.ApiKey;
    }

    private static ResourceBuilder Describe(ResourceBuilder resource) => resource.AddService("shop", serviceInstanceId: "shop-1");
}
