using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Tests.ServiceDefaults;

/// <summary>The text format as JSON.</summary>
public sealed class JsonExpositionTests
{
    [Fact]
    public void Every_type_and_odd_label_values_come_through()
    {
        const string text = """
            # HELP requests_total Requests\nof \\ all kinds.
            # TYPE requests_total counter
            requests_total{method="GET",path="a\"b\\c\nd,e}f"} 3 1700000000000
            requests_total 4
            # TYPE temperature gauge
            # HELP temperature In C:\\new, "TYPE" first.
            temperature NaN
            # HELP wait_seconds Waiting.
            # TYPE wait_seconds histogram
            wait_seconds_bucket{queue="a",le="0.1"} 1
            wait_seconds_bucket{queue="a",le="+Inf"} 2
            wait_seconds_sum{queue="a"} 1.5
            wait_seconds_count{queue="a"} 2
            wait_seconds_bucket{queue="b",le="+Inf"} 7
            wait_seconds_sum{queue="b"} +Inf
            wait_seconds_count{queue="b"} 7

            """;
        const string expected = """
            {"metrics":[
              {"name":"requests_total","type":"counter","help":"Requests\nof \\ all kinds.","samples":[
                {"labels":{"method":"GET","path":"a\"b\\c\nd,e}f"},"value":3},{"labels":{},"value":4}]},
              {"name":"temperature","type":"gauge","help":"In C:\\new, \"TYPE\" first.","samples":[{"labels":{},"value":"NaN"}]},
              {"name":"wait_seconds","type":"histogram","help":"Waiting.","samples":[
                {"labels":{"queue":"a"},"buckets":{"0.1":1,"+Inf":2},"sum":1.5,"count":2},
                {"labels":{"queue":"b"},"buckets":{"+Inf":7},"sum":"+Inf","count":7}]}]}
            """;
        Assert.True(JsonElement.DeepEquals(
            JsonDocument.Parse(expected).RootElement, JsonDocument.Parse(JsonExposition.Convert(Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\n")))).RootElement));
    }

    [Fact]
    public async Task Json_has_the_families_types_labels_and_values_of_the_text()
    {
        await using var service = await TestService.StartAsync();
        using var meter = new Meter("OsMEN.Json");
        meter.CreateCounter<long>($"{service.Prefix}odd.things", "{thing}", "Help\nand \\n more").Add(7, new KeyValuePair<string, object?>("path", "a\"b\\c\nd"));
        meter.CreateGauge<double>($"{service.Prefix}level").Record(double.PositiveInfinity);
        meter.CreateHistogram($"{service.Prefix}wait", "s", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.25] }).Record(0.3);
        // The first request makes families of its own.
        await service.GetAsync("/metrics/json");
        using var answer = await service.Client.GetAsync("/metrics/json", TestContext.Current.CancellationToken);
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        var families = json.RootElement.GetProperty("metrics").EnumerateArray().ToDictionary(m => m.GetProperty("name").GetString()!, StringComparer.Ordinal);

        var text = (await service.GetAsync("/metrics")).Body.Split('\n');
        Assert.Equal(
            text.Where(l => l.StartsWith($"# TYPE {service.Prefix}", StringComparison.Ordinal)).Select(l => (l.Split(' ')[2], l.Split(' ')[3])),
            families.Values.Where(f => f.GetProperty("name").GetString()!.StartsWith(service.Prefix, StringComparison.Ordinal)).Select(f => (f.GetProperty("name").GetString()!, f.GetProperty("type").GetString()!)));
        Assert.Equal(
            """{"type":"counter","help":"Help\nand \\n more","samples":[{"labels":{"otel_scope_name":"OsMEN.Json","path":"a\u0022b\\c\nd"},"value":7}]}""",
            WithoutName(families[$"{service.Prefix}odd_things_total"]));
        Assert.Equal("""{"type":"gauge","help":"","samples":[{"labels":{"otel_scope_name":"OsMEN.Json"},"value":"\u002BInf"}]}""", WithoutName(families[$"{service.Prefix}level"]));
        var wait = families[$"{service.Prefix}wait_seconds"].GetProperty("samples")[0];
        Assert.Equal((0.3, 1), (wait.GetProperty("sum").GetDouble(), wait.GetProperty("count").GetInt32()));
        Assert.Equal((0, 1), (wait.GetProperty("buckets").GetProperty("0.25").GetInt32(), wait.GetProperty("buckets").GetProperty("+Inf").GetInt32()));
    }

    private static string WithoutName(JsonElement family)
    {
        var node = JsonObject.Create(family)!;
        node.Remove("name");
        return node.ToJsonString();
    }
}
