namespace OsMEN.Tests.LocalHosting;

/// <summary>The repository's application in tests: many at once, and what cannot run.</summary>
public sealed class TestingBuilderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_run_beside_each_other_and_leave_nothing()
    {
        Uri[] addresses;
        await using (var first = await StartAsync())
        await using (var second = await StartAsync())
        {
            addresses = [first.GetEndpoint("gateway"), second.GetEndpoint("gateway")];
            Assert.NotEqual(addresses[0], addresses[1]);
            await first.ResourceNotifications.WaitForResourceHealthyAsync("gateway", Token);
            await second.ResourceNotifications.WaitForResourceHealthyAsync("gateway", Token);
            Assert.NotEqual(await first.GetConnectionStringAsync("osmen", Token), await second.GetConnectionStringAsync("osmen", Token));
        }

        using var http = new HttpClient();
        foreach (var address in addresses)
            await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(address, Token));
    }

    [Fact]
    public async Task A_resource_that_cannot_start_says_why()
    {
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(["--backing", "embedded"], Token);
        var gateway = builder.Resources.OfType<ProjectResource>().Single(p => p.Name == "gateway");
        builder.CreateResourceBuilder(gateway).WithEnvironment("LOG_LEVEL", "LOUD");
        await using var app = await builder.BuildAsync(Token);
        await app.StartAsync(Token);
        var failure = await Assert.ThrowsAsync<DistributedApplicationException>(() => app.ResourceNotifications.WaitForResourceHealthyAsync("gateway", Token));
        Assert.StartsWith("gateway failed to start: ended with exit code 1", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_line_that_is_wrong_is_refused()
    {
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(["--backing", "cloud"], Token);
        await using var app = await builder.BuildAsync(Token);
        var refusal = await Assert.ThrowsAsync<DistributedApplicationException>(() => app.StartAsync(Token));
        Assert.Contains("\"cloud\"", refusal.Message, StringComparison.Ordinal);
    }

    private static async Task<DistributedApplication> StartAsync()
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(["--backing", "embedded"], Token);
        var app = await builder.BuildAsync(Token);
        await app.StartAsync(Token);
        return app;
    }
}
