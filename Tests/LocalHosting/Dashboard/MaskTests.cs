using OsMEN.LocalHosting.Dashboard;

namespace OsMEN.Tests.LocalHosting.Dashboard;

public sealed class MaskTests
{
    [Theory]
    [InlineData("OSMEN_API_KEYS", "osm_a:admin:dev", "••••••••")]
    [InlineData("github_token", "abc", "••••••••")]
    [InlineData("POSTGRES_PASSWORD", "abc", "••••••••")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "x-otlp-api-key=abc", "••••••••")]
    [InlineData("ConnectionStrings__osmen", "Host=localhost;Password=p w;Database=osmen", "Host=localhost;Password=••••••••;Database=osmen")]
    [InlineData("ConnectionStrings__redis", "localhost:6379,password=abc,ssl=true", "localhost:6379,password=••••••••,ssl=true")]
    [InlineData("OSMEN_URI", "postgresql://postgres:a@b:c@localhost:5432/osmen", "postgresql://postgres:••••••••@localhost:5432/osmen")]
    [InlineData("REDIS_URI", "redis://:abc@localhost", "redis://:••••••••@localhost")]
    [InlineData("GREETING", "hello s3cret-value!", "hello ••••••••!")]
    [InlineData("ASPNETCORE_URLS", "http://127.0.0.1:8080", "http://127.0.0.1:8080")]
    [InlineData("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=api-1", "service.instance.id=api-1")]
    public void Secrets_are_hidden_and_the_rest_is_shown(string name, string value, string expected) =>
        Assert.Equal(expected, new SecretMask(["s3cret-value", ""]).Apply(name, value));
}
