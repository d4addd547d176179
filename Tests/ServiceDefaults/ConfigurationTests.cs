using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OsMEN.Executions;
using OsMEN.Executions.Retention;
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
        Assert.Equal(StartupErrors.BadConfiguration, code);
        Assert.Equal(line + Environment.NewLine, error.ToString());
    }

    [Fact]
    public void Options_that_fail_their_validation_are_one_line_too() =>
        Assert.Equal("Lease must be positive; Poll must be positive",
            StartupErrors.Explain(new OptionsValidationException("", typeof(object), ["Lease must be positive", "Poll must be positive"])));

    [Theory]
    [InlineData("Retention:Interval", "often", "Retention__Interval holds \"often\"; allowed: a time such as 00:00:30, or 1.00:00:00 for a day.")]
    [InlineData("Retention:Enabled", "maybe", "Retention__Enabled holds \"maybe\"; allowed: true or false.")]
    [InlineData("Retention:Batch", "many", "Retention__Batch holds \"many\"; allowed: a whole number.")]
    [InlineData("Retention:Batch", "two\nlines'", "Retention__Batch holds \"two lines'\"; allowed: a whole number.")]
    public void An_option_that_cannot_be_read_is_one_line_too(string key, string value, string line)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new(key, value)]).Build();
        var failure = Assert.Throws<InvalidOperationException>(() => configuration.GetSection("Retention").Get<RetentionOptions>());
        Assert.Equal(line, StartupErrors.Explain(failure));
    }

    [Theory]
    [InlineData("Batch", "5", "Retention__Batch holds \"5\"; allowed: 10 to 10000.")]
    [InlineData("Interval", "00:00:00", "Retention__Interval holds \"00:00:00\"; allowed: 00:00:01 to 1.00:00:00.")]
    [InlineData("EventsBytes", "7", "Retention__EventsBytes holds \"7\"; allowed: 1048576 to 1125899906842624.")]
    public async Task An_option_out_of_its_range_is_one_line_too(string key, string value, string line)
    {
        var error = new StringWriter();
        var code = await StartupErrors.RunAsync(
            () =>
            {
                var app = TestService.Build(
                    b => b.Services.AddOptions<RetentionOptions>().BindConfiguration("Retention").ValidateRanges("Retention").ValidateOnStart(), null, null, ($"Retention:{key}", value));
                return app.RunAsync();
            },
            error);
        Assert.Equal((StartupErrors.BadConfiguration, line), (code, error.ToString().TrimEnd()));
    }

    [Fact]
    public void A_database_that_is_no_file_is_one_line_too() => Assert.Equal(
        "ConnectionStrings__osmen holds \"(hidden)\"; allowed: 'Data Source=…' with the path of a file: several processes share it.",
        StartupErrors.Explain(Assert.Throws<ConfigurationException>(() => new SqliteDatabase("Data Source=:memory:"))));

    [Fact]
    public async Task A_failure_that_no_setting_causes_is_not_hidden() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => StartupErrors.RunAsync(() => throw new InvalidOperationException("a bug")));
}
