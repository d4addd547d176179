using OsMEN.LocalHosting.Output;
using OsMEN.LocalHosting.Running;

namespace OsMEN.Tests.LocalHosting;

/// <summary>The parts of the model and of the runner that need no process.</summary>
public sealed class ModelTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_connection_string_is_a_value_when_run_and_an_expression_when_published()
    {
        var builder = DistributedApplication.CreateBuilder([]);
        var postgres = builder.AddPostgres("db-server");
        var database = postgres.AddDatabase("orders", "shop");
        postgres.Resource.Annotations.OfType<EndpointAnnotation>().Single().AllocatedPorts = [5433];
        postgres.Resource.PasswordParameter.Annotations.Clear();
        Assert.Equal(
            "Host={db-server.bindings.tcp.host};Port={db-server.bindings.tcp.port};Username=postgres;Password={db-server-password.value};Database=shop",
            database.Resource.ConnectionStringExpression.ValueExpression);
        Assert.Equal("127.0.0.1:5433", await postgres.Resource.PrimaryEndpoint.Property(EndpointProperty.HostAndPort).GetValueAsync(Cancelled));
        Assert.Equal(
            ["Host", "Port", "Username", "Password", "Uri", "JdbcConnectionString", "DatabaseName"],
            ((IResourceWithConnectionString)database.Resource).GetConnectionProperties().Select(p => p.Key));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Gateway")]
    [InlineData("a--b")]
    [InlineData("a_b")]
    [InlineData("../a")]
    public void A_name_that_would_not_do_everywhere_is_refused(string name) =>
        Assert.ThrowsAny<ArgumentException>(() => DistributedApplication.CreateBuilder([]).AddRedis(name));

    [Fact]
    public void Two_resources_of_one_name_are_refused()
    {
        var builder = DistributedApplication.CreateBuilder([]);
        builder.AddRedis("redis");
        Assert.Equal("There are two resources named \"redis\".", Assert.Throws<DistributedApplicationException>(() => builder.AddRedis("redis")).Message);
    }

    [Fact]
    public async Task A_parameter_without_a_value_says_which_variable_to_set()
    {
        var parameter = DistributedApplication.CreateBuilder([]).AddParameter("a-token", secret: true).Resource;
        var refusal = await Assert.ThrowsAsync<DistributedApplicationException>(async () => await parameter.GetValueAsync(Cancelled));
        Assert.Equal("The parameter \"a-token\" has no value: set Parameters__a_token in the environment or in .env.", refusal.Message);
    }

    [Fact]
    public void Restarts_come_slower_and_slower_until_it_ran_well()
    {
        var backoff = new RestartBackoff();
        Assert.Equal([1, 2, 4, 8, 16, 30, 30], Enumerable.Range(0, 7).Select(_ => (int)backoff.Next(TimeSpan.FromSeconds(5)).TotalSeconds));
        Assert.Equal([1, 2], Enumerable.Range(0, 2).Select(i => (int)backoff.Next(TimeSpan.FromSeconds(i == 0 ? 61 : 5)).TotalSeconds));
    }

    [Fact]
    public void No_port_is_given_twice()
    {
        var ports = new Ports();
        var first = ports.Take(null);
        Assert.NotEqual(first, ports.Take(first));
    }

    [Fact]
    public void A_port_that_nobody_prefers_is_none_that_the_system_gives_to_another_meanwhile()
    {
        var ports = new Ports();
        Assert.All(Enumerable.Range(0, 100).Select(_ => ports.Take(null)), p => Assert.InRange(p, Ports.Lowest, Ports.Highest));
    }

    [Fact]
    public async Task A_line_without_end_is_cut()
    {
        var lines = new List<string>();
        await LineReader.ReadAsync(new StringReader("one\r\n\ntwo\n" + new string('x', 40_000) + "\nlast"), lines.Add);
        Assert.Equal(["one", "", "two", "last"], lines.Where(l => l.Length < 100));
        Assert.Equal(40_000, lines.Where(l => l.Length >= 100).Sum(l => l.Length));
        Assert.All(lines, l => Assert.InRange(l.Length, 0, 16 * 1024));
    }

    [Fact]
    public void A_log_file_never_grows_past_its_bound()
    {
        var folder = Directory.CreateTempSubdirectory("osmen-log-");
        try
        {
            var path = Path.Combine(folder.FullName, "api.log");
            using (var log = new LogFile(path, limit: 1000))
            {
                for (var i = 0; i < 500; i++)
                    log.WriteLine("twenty characters ab");
            }

            Assert.Equal(["api.log", "api.log.1"], folder.GetFiles().Select(f => f.Name).Order(StringComparer.Ordinal));
            Assert.All(folder.GetFiles(), f => Assert.InRange(f.Length, 0, 1021));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_broken_secrets_file_is_refused_without_its_content()
    {
        var folder = Directory.CreateTempSubdirectory("osmen-secrets-");
        try
        {
            var path = Path.Combine(folder.FullName, "secrets.json");
            File.WriteAllText(path, "{\"key\": \"half");
            var refusal = Assert.Throws<DistributedApplicationException>(() => new SecretStore(path).GetOrAdd("key", () => "new"));
            Assert.Equal($"{path} is not the JSON object of generated secrets that it was: repair it, or delete it for new ones.", refusal.Message);
            Assert.Equal("{\"key\": \"half", File.ReadAllText(path));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
