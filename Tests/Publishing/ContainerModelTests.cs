using OsMEN.LocalHosting.Backing;
using OsMEN.LocalHosting.Publishing;
using OsMEN.LocalHosting.Running;

namespace OsMEN.Tests.Publishing;

/// <summary>Containers in the model.</summary>
public sealed class ContainerModelTests
{
    [Fact]
    public void A_container_carries_its_image_mounts_arguments_and_lifetime()
    {
        var container = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { ProjectDirectory = "/srv/app/AppHost" })
            .AddContainer("cache", "library/redis", "7.4.5")
            .WithImageRegistry("docker.io")
            .WithImage("library/valkey", "8")
            .WithBindMount("../conf", "/etc/cache", isReadOnly: true)
            .WithVolume("cache-data", "/data")
            .WithArgs("--port", "1")
            .WithArgs("--quiet")
            .WithLifetime(ContainerLifetime.Session)
            .WithLifetime(ContainerLifetime.Persistent).Resource;
        Assert.Equal("docker.io/library/valkey:8", container.Annotations.OfType<ContainerImageAnnotation>().Single().Reference);
        Assert.Equal(
            [("/srv/app/conf", "/etc/cache", ContainerMountType.BindMount, true), ("cache-data", "/data", ContainerMountType.Volume, false)],
            container.Annotations.OfType<ContainerMountAnnotation>().Select(m => (m.Source, m.Target, m.Type, m.IsReadOnly)));
        Assert.Equal(["--port", "1", "--quiet"], container.Annotations.OfType<CommandLineArgsAnnotation>().SelectMany(a => a.Args));
        Assert.Equal(ContainerLifetime.Persistent, container.Annotations.OfType<ContainerLifetimeAnnotation>().Single().Lifetime);
    }

    [Theory]
    [InlineData("17.6", "/var/lib/postgresql/data")]
    [InlineData("18.1", "/var/lib/postgresql")]
    public void The_data_volume_is_where_the_version_of_postgres_keeps_its_data(string tag, string target)
    {
        var postgres = DistributedApplication.CreateBuilder([]).AddPostgres("db").WithImageTag(tag).WithDataVolume().Resource;
        var mount = postgres.Annotations.OfType<ContainerMountAnnotation>().Single();
        Assert.Equal(("db-data", target), (mount.Source, mount.Target));
    }

    [Fact]
    public async Task A_container_that_nothing_runs_is_unavailable_and_says_why()
    {
        var builder = DistributedApplication.CreateBuilder([]);
        builder.AddContainer("grafana", "grafana/grafana", "12.1.1");
        var folder = LocalFolder.Of(Path.Combine(Path.GetTempPath(), "apphost"));
        await using var programs = await BackingPrograms.ChooseAsync(BackingKind.Embedded, folder, builder.Resources, TestContext.Current.CancellationToken);
        var program = Assert.IsType<UnavailableProgram>(Assert.Single(programs.All));
        Assert.Equal("needs a container runtime: install and start Docker or Podman; the rest runs without it", program.Reason);
    }

    [Theory]
    [InlineData("", 0x02cc5d05u)]
    [InlineData("abc", 0x32d153ffu)]
    [InlineData("Nobody inspects the spammish repetition", 0xe2293b2fu)]
    public void A_hash_in_a_published_name_is_XXH32(string text, uint hash) => Assert.Equal(hash, TlsCondition.Hash(System.Text.Encoding.UTF8.GetBytes(text)));
}
