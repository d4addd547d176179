using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OsMEN.Llm;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.Tests.Llm;

public sealed class LlmOptionsTests
{
    [Theory]
    [InlineData("OLLAMA_HOST", ":::", "OLLAMA_HOST holds \"(hidden)\"; allowed: an address such as https://api.example.com/v1, without user and password.")]
    [InlineData("OPENAI_BASE_URL", "https://user:secret@host/v1", "OPENAI_BASE_URL holds \"(hidden)\"; allowed: an address such as https://api.example.com/v1, without user and password.")]
    [InlineData("LLM_TIMEOUT", "soon", "LLM_TIMEOUT holds \"soon\"; allowed: a duration such as 30s, 5m or 1h, at most 24h.")]
    [InlineData("LLM_MAX_RETRIES", "11", "LLM_MAX_RETRIES holds \"11\"; allowed: a whole number from 0 to 10.")]
    [InlineData("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "maybe", "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT holds \"maybe\"; allowed: true or false.")]
    [InlineData("OSMEN_DEFAULT_MODEL", "openai/gpt-5", "OSMEN_DEFAULT_MODEL holds \"openai/gpt-5\"; allowed: platform/model with a platform that is configured here: offline.")]
    [InlineData("Llm:Aliases:quick", "gpt-5", "Llm:Aliases:quick holds \"gpt-5\"; allowed: models such as openai/gpt-5-mini, separated by commas, at most 8; the alias itself has no slash.")]
    public async Task A_value_that_cannot_be_used_ends_the_start_with_one_line(string key, string value, string line)
    {
        using var error = new StringWriter();
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new(key, value)]).Build();
        var code = await StartupErrors.RunAsync(
            () =>
            {
                new ServiceCollection().AddLlm(configuration, Host("Production").Environment);
                return Task.CompletedTask;
            },
            error);
        Assert.Equal((StartupErrors.BadConfiguration, line), (code, error.ToString().TrimEnd()));
    }

    [Theory]
    [InlineData("Development", null, true)]
    [InlineData("Staging", null, false)]
    [InlineData("Production", null, false)]
    [InlineData("Development", "false", false)]
    [InlineData("Production", "true", true)]
    public void Message_content_is_captured_in_Development_unless_configured_otherwise(string environment, string? value, bool captured)
    {
        var builder = Host(environment);
        builder.Configuration.AddInMemoryCollection([new("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", value)]);
        builder.Services.AddLlm(builder.Configuration, builder.Environment);
        using var host = builder.Build();
        Assert.Equal(captured, host.Services.GetRequiredService<LlmOptions>().CapturesContent);
    }

    private static HostApplicationBuilder Host(string environment) => new(new HostApplicationBuilderSettings { DisableDefaults = true, EnvironmentName = environment });
}
