using Microsoft.Extensions.Options;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.Tests.ServiceDefaults;

public sealed class ConfigurationTests
{
    [Theory]
    [InlineData("LOG_LEVEL", "LOUD", "LOG_LEVEL holds \"LOUD\"; allowed: one of DEBUG, INFO, WARNING, ERROR, CRITICAL.")]
    [InlineData("GATEWAY_LOG_LEVEL", "2", "GATEWAY_LOG_LEVEL holds \"2\"; allowed: one of DEBUG, INFO, WARNING, ERROR, CRITICAL.")]
    [InlineData("ENABLE_METRICS", "maybe", "ENABLE_METRICS holds \"maybe\"; allowed: true or false.")]
    [InlineData("METRICS_PREFIX", "9-lives", "METRICS_PREFIX holds \"9-lives\"; allowed: letters, digits and _, at most 64, not starting with a digit.")]
    [InlineData("HEALTH_CHECK_PATH", "health", "HEALTH_CHECK_PATH holds \"health\"; allowed: a path such as /health.")]
    [InlineData("METRICS_SCRAPE_TOKEN", "short", "METRICS_SCRAPE_TOKEN holds \"(hidden)\"; allowed: 16 characters or more.")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317", "OTEL_EXPORTER_OTLP_ENDPOINT holds \"localhost:4317\"; allowed: an absolute address such as http://localhost:4317.")]
    [InlineData("OTEL_TRACES_SAMPLER_ARG", "1.5", "OTEL_TRACES_SAMPLER_ARG holds \"1.5\"; allowed: a number from 0 to 1.")]
    public async Task A_bad_value_ends_the_process_with_one_line(string key, string value, string line)
    {
        var error = new StringWriter();
        var code = await StartupErrors.RunAsync(
            () =>
            {
                var app = TestService.Build(null, null, null, (key, value));
                return app.RunAsync();
            },
            error);
        Assert.Equal(1, code);
        Assert.Equal(line + Environment.NewLine, error.ToString());
    }

    [Fact]
    public void Options_that_fail_their_validation_are_one_line_too() =>
        Assert.Equal("Lease must be positive; Poll must be positive",
            StartupErrors.Explain(new OptionsValidationException("", typeof(object), ["Lease must be positive", "Poll must be positive"])));

    [Fact]
    public async Task A_failure_that_no_setting_causes_is_not_hidden() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => StartupErrors.RunAsync(() => throw new InvalidOperationException("a bug")));
}
