using System.Text;
using System.Text.Json;
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
              {"name":"temperature","type":"gauge","help":"","samples":[{"labels":{},"value":"NaN"}]},
              {"name":"wait_seconds","type":"histogram","help":"Waiting.","samples":[
                {"labels":{"queue":"a"},"buckets":{"0.1":1,"+Inf":2},"sum":1.5,"count":2},
                {"labels":{"queue":"b"},"buckets":{"+Inf":7},"sum":"+Inf","count":7}]}]}
            """;
        Assert.True(JsonElement.DeepEquals(
            JsonDocument.Parse(expected).RootElement, JsonDocument.Parse(JsonExposition.Convert(Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\n")))).RootElement));
    }

    [Fact]
    public async Task A_service_shows_its_metrics_as_JSON_with_the_values_of_the_text()
    {
        await using var service = await TestService.StartAsync();
        var client = service.Client;
        await client.GetAsync("/health/live", TestContext.Current.CancellationToken);
        var answer = await client.GetAsync("/metrics/json", TestContext.Current.CancellationToken);
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        var build = json.RootElement.GetProperty("metrics").EnumerateArray().Single(m => m.GetProperty("name").GetString() == service.Prefix + "build_info");
        Assert.Equal(1, Assert.Single(build.GetProperty("samples").EnumerateArray()).GetProperty("value").GetDouble());
    }
}
