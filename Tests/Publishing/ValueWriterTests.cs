using OsMEN.AppHost.Publishing;
using ApplicationModel = OsMEN.AppHost.Publishing.PublishedModel;

namespace OsMEN.Tests.Publishing;

/// <summary>Values of a model in the languages of Compose and Helm.</summary>
public sealed class ValueWriterTests
{
    private readonly IDistributedApplicationBuilder _builder =
        DistributedApplication.CreateBuilder(["--operation", "publish", "--step", "compose"]);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Text_is_escaped_and_references_are_not()
    {
        var key = _builder.AddParameter("the-key", secret: true);
        var (compose, helm) = await WriteAsync(ReferenceExpression.Create($"$(A) \"{key}\" ${{B}} C:\\"));
        Assert.Equal("$$(A) \"${THE_KEY:?set THE_KEY in .env}\" $${B} C:\\", compose);
        Assert.Equal("$$(A) \\\"$(SECRET_THE_KEY)\\\" ${B} C:\\\\", helm);
    }

    [Fact]
    public async Task An_endpoint_is_found_by_name_and_by_the_port_inside_the_network()
    {
        var cache = _builder.AddContainer("my-cache", "cache").WithHttpEndpoint(port: 80, targetPort: 8081);
        var (compose, helm) = await WriteAsync(ReferenceExpression.Create($"{cache.GetEndpoint("http")}/x"));
        Assert.Equal("http://my-cache:8081/x", compose);
        Assert.Equal("http://{{ (index .Values \"my-cache\").host }}:{{ (index .Values \"my-cache\").ports.http }}/x", helm);
    }

    [Fact]
    public async Task Whether_Redis_has_TLS_is_known_in_Compose_and_a_value_in_Helm()
    {
        var redis = _builder.AddRedis("redis");
        var (compose, helm) = await WriteAsync(redis.Resource);
        Assert.Equal("redis:6379,password=${REDIS_PASSWORD:?set REDIS_PASSWORD in .env}", compose);
        const string Address = "{{ include \"chart.host\" (dict \"root\" . \"name\" \"redis\") }}:{{ .Values.redis.ports.tcp }}";
        Assert.Equal(Address + ",password=$(SECRET_REDIS_PASSWORD){{ if .Values.redis.tls }},ssl=true{{ end }}", helm);
    }

    [Fact]
    public async Task A_value_that_has_no_text_is_an_error()
    {
        var error = await Assert.ThrowsAsync<DistributedApplicationException>(() => WriteAsync(DateOnly.MinValue));
        Assert.Equal("A value of the type DateOnly cannot be published.", error.Message);
    }

    private async Task<(string Compose, string Helm)> WriteAsync(object value)
    {
        var resources = new DistributedApplicationModel(_builder.Resources);
        var model = await ApplicationModel.ReadAsync(resources, _builder.ExecutionContext, _builder.AppHostDirectory, Cancelled);
        return (new ComposeFile(model, "/").Write(value), new HelmEnvironment(model).Write(value));
    }
}
