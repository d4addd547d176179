using System.Net.Http.Json;
using System.Text.Json;
using OsMEN.LocalHosting.Backing.Containers;
using OsMEN.LocalHosting.Running;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.LocalHosting;

/// <summary>
/// The application with its servers in containers. Needs a runtime that answers, and the images: pulled, or made by
/// <c>eng/stand-in-images.sh</c> where nothing can be pulled.
/// </summary>
public sealed class ContainerTests
{
    private static readonly string[] s_servers = ["postgres", "redis", "prometheus", "alertmanager"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Servers_run_in_containers_come_back_when_killed_and_leave_nothing()
    {
        var runtime = await RuntimeAsync();
        string network;
        await using (var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(["--backing", "container"], Token))
        await using (var app = await builder.BuildAsync(Token))
        {
            network = new ContainerNetwork(runtime, ((DistributedApplicationBuilder)builder).Folder, []).Name;
            await app.StartAsync(Token);
            foreach (var name in (string[])[.. s_servers, "gateway", "agentworker"])
                await app.ResourceNotifications.WaitForResourceHealthyAsync(name, Token).WaitAsync(TimeSpan.FromMinutes(2), Token);

            // A probe that passes through the containers of both stores, without a key.
            using var gateway = app.CreateHttpClient("gateway");
            Assert.True((await gateway.GetAsync("/health/ready", Token)).IsSuccessStatusCode);
            Assert.StartsWith("Host=127.0.0.1;", await app.GetConnectionStringAsync("osmen", Token), StringComparison.Ordinal);

            // Containers reach the services of this machine.
            using var prometheus = app.CreateHttpClient("prometheus");
            await Programs.UntilAsync(
                async () => (await prometheus.GetFromJsonAsync<JsonElement>("/api/v1/targets", Token)).GetProperty("data").GetProperty("activeTargets")
                    .EnumerateArray().Count(t => t.GetProperty("health").GetString() == "up") == 4,
                "every target is up");

            // Waited for from before, since it is started again within a second.
            var exited = app.ResourceNotifications.WaitForResourceAsync("redis", KnownResourceStates.Exited, Token);
            await runtime.RequireAsync(["kill", $"{network}-redis"], "kill", Token);
            await exited.WaitAsync(TimeSpan.FromMinutes(1), Token);
            await app.ResourceNotifications.WaitForResourceHealthyAsync("redis", Token);
        }

        Assert.Equal("", await runtime.RequireAsync(["ps", "--all", "--quiet", "--filter", $"name={network}"], "ps", Token));
        Assert.Equal("", await runtime.RequireAsync(["volume", "ls", "--quiet", "--filter", $"name={network}"], "volume", Token));
        Assert.NotEqual(0, (await runtime.RunAsync(["network", "inspect", network], Token)).Status);
    }

    [Fact]
    public async Task A_persistent_container_outlives_the_application_and_is_taken_over()
    {
        var runtime = await RuntimeAsync();
        var root = Directory.CreateTempSubdirectory("osmen-containers-");
        var folder = new LocalFolder(root.FullName, root.FullName);
        var server = DistributedApplication.CreateBuilder([]).AddRedis("redis").WithImageTag(await TagOfAsync("redis")).WithLifetime(ContainerLifetime.Persistent).Resource;
        var endpoint = server.Annotations.OfType<EndpointAnnotation>().Single();
        endpoint.AllocatedPorts = [Programs.FreePort()];
        await using var network = new ContainerNetwork(runtime, folder, [server]);
        var name = $"{network.Name}-redis";
        try
        {
            var first = await StartAsync();
            Assert.Equal(endpoint.AllocatedPorts[0], (await new RedisContainerProgram(server, network).HeldPortsAsync(Token))["tcp"]);
            Assert.Equal(first, await StartAsync());
            server.Annotations.Add(new EnvironmentCallbackAnnotation(c =>
            {
                c.EnvironmentVariables["CHANGED"] = "yes";
                return Task.CompletedTask;
            }));
            Assert.NotEqual(first, await StartAsync());
        }
        finally
        {
            await runtime.RunAsync(["rm", "--force", "--volumes", name], Token);
            root.Delete(recursive: true);
        }

        // Its id, once it answers.
        async Task<string> StartAsync()
        {
            var program = new RedisContainerProgram(server, network);
            await program.PrepareAsync(_ => { }, Token);
            var plan = (await program.PlanAsync(0, Token))!;
            await using var child = ChildProcess.Start(plan, await program.EnvironmentAsync(0, Token), _ => { });
            await Programs.UntilAsync(async () => await program.ProbeAsync(0, Token) is null, "Redis answers");
            await child.StopAsync(Token);
            return await runtime.RequireAsync(["inspect", "--format", "{{.Id}} {{.State.Running}}", name], "inspect", Token);
        }
    }

    private static async Task<ContainerRuntime> RuntimeAsync()
    {
        var (runtime, whyNot) = await ContainerRuntime.FindAsync(Token);
        if (runtime is null)
            Assert.Skip($"There is no container runtime: {whyNot}");
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>([], Token);
        foreach (var image in builder.Resources.Where(r => s_servers.Contains(r.Name, StringComparer.Ordinal)).SelectMany(r => r.Annotations.OfType<ContainerImageAnnotation>()))
        {
            if ((await runtime.RunAsync(["image", "inspect", image.Reference], Token)).Status != 0 && (await runtime.RunAsync(["pull", "--quiet", image.Reference], Token)).Status != 0)
                Assert.Skip($"The image {image.Reference} is not here and cannot be pulled; eng/stand-in-images.sh makes it of Debian's packages.");
        }

        return runtime;
    }

    private static async Task<string> TagOfAsync(string name)
    {
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>([], Token);
        return builder.Resources.Single(r => r.Name == name).Annotations.OfType<ContainerImageAnnotation>().Single().Tag!;
    }
}
