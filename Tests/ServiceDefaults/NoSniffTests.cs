using System.Net;
using Microsoft.AspNetCore.Builder;

namespace OsMEN.Tests.ServiceDefaults;

public sealed class NoSniffTests
{
    [Theory]
    [InlineData("/health/live", HttpStatusCode.OK)]
    [InlineData("/nowhere", HttpStatusCode.NotFound)]
    [InlineData("/broken", HttpStatusCode.InternalServerError)]
    public async Task Every_answer_forbids_to_guess_its_type(string path, HttpStatusCode expected)
    {
        await using var service = await TestService.StartAsync(map: app =>
        {
            app.UseExceptionHandler();
            app.MapGet("/broken", string () => throw new NotSupportedException());
        });
        using var answer = await service.Client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal((expected, "nosniff"), (answer.StatusCode, Assert.Single(answer.Headers.GetValues("X-Content-Type-Options"))));
    }
}
