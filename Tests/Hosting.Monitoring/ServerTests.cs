namespace OsMEN.Tests.Hosting.Monitoring;

/// <summary>The models of Alertmanager, Grafana, Loki and Jaeger.</summary>
public sealed class ServerTests
{
    private static readonly string Folder = Path.GetTempPath().TrimEnd(Path.DirectorySeparatorChar);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Alertmanager_runs_alone_with_configuration_and_data()
    {
        var builder = TestModel.Publish();
        var alertmanager = builder.AddAlertmanager("alertmanager", 9093).WithConfiguration(Folder).WithDataVolume("data").Resource;

        Assert.Equal("docker.io/prom/alertmanager:v0.28.1", TestModel.ImageOf(alertmanager));
        Assert.Equal(
            ["--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager", "--cluster.listen-address="],
            await TestModel.ArgumentsOf(builder, alertmanager));
        Assert.Equal([(Folder, "/etc/alertmanager", true), ("data", "/alertmanager", false)], TestModel.MountsOf(alertmanager));
        var endpoint = alertmanager.PrimaryEndpoint.EndpointAnnotation;
        Assert.Equal((9093, 9093), (endpoint.Port, endpoint.TargetPort));
        Assert.Single(alertmanager.Annotations.OfType<HealthCheckAnnotation>());
    }

    [Fact]
    public async Task Alertmanager_program_reads_a_copy_of_its_configuration_at_each_start()
    {
        var folder = Directory.CreateTempSubdirectory("osmen-alertmanager-");
        var source = folder.CreateSubdirectory("source").FullName;
        await File.WriteAllTextAsync(Path.Combine(source, "alertmanager.yml"), "route: {receiver: none}", Token);
        var builder = TestModel.Run();
        var owned = new List<string>();
        var alertmanager = builder.AddAlertmanagerExecutable("alertmanager", "alertmanager", Path.Combine(folder.FullName, "run"), source)
            .WithServerUser((program, arguments) => (program, arguments), owned.Add).Resource;
        alertmanager.PrimaryEndpoint.Allocate(9093);

        var run = Path.Combine(folder.FullName, "run");
        Assert.Equal(
            [
                $"--config.file={run}/configuration/alertmanager.yml", $"--storage.path={run}/data", "--web.listen-address=127.0.0.1:9094",
                "--web.external-url=http://localhost:9093", "--cluster.listen-address=",
            ],
            await TestModel.ArgumentsOf(builder, alertmanager));
        await using (var application = builder.Build())
            await builder.Eventing.PublishAsync(new BeforeResourceStartedEvent(alertmanager, application.Services), Token);
        Assert.Equal("route: {receiver: none}", await File.ReadAllTextAsync(Path.Combine(run, "configuration", "alertmanager.yml"), Token));
        Assert.Equal([run], owned);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Grafana_gets_its_password_and_the_addresses_of_its_sources()
    {
        var builder = TestModel.Publish();
        var password = builder.AddParameter("password", secret: true);
        var loki = builder.AddLoki("loki");
        var grafana = builder.AddGrafana("grafana", password, 3000)
            .WithProvisioning(Folder).WithDashboards(Folder).WithDataVolume("data")
            .WithDatasource("LOKI_URL", loki.Resource.PrimaryEndpoint)
            .WithPostgresDatasource(builder.AddPostgres("postgres").AddDatabase("app")).Resource;

        Assert.Equal("docker.io/grafana/grafana:12.1.1", TestModel.ImageOf(grafana));
        var environment = await TestModel.EnvironmentOf(builder, grafana);
        Assert.Equal(
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["GF_SECURITY_ADMIN_PASSWORD"] = "{password.value}",
                ["GF_ANALYTICS_REPORTING_ENABLED"] = "false",
                ["GF_ANALYTICS_CHECK_FOR_UPDATES"] = "false",
                ["GF_USERS_ALLOW_SIGN_UP"] = "false",
                ["LOKI_URL"] = "{loki.bindings.http.url}",
                ["POSTGRES_HOST"] = "{postgres.bindings.tcp.host}",
                ["POSTGRES_PORT"] = "{postgres.bindings.tcp.port}",
                ["POSTGRES_USERNAME"] = "postgres",
                ["POSTGRES_PASSWORD"] = "{postgres-password.value}",
                ["POSTGRES_DATABASENAME"] = "app",
            },
            environment);
        Assert.Equal(
            [
                (Folder, "/etc/grafana/provisioning", true),
                (Folder, "/var/lib/grafana/dashboards", true),
                ("data", "/var/lib/grafana", false),
            ],
            TestModel.MountsOf(grafana));
        Assert.Same(password.Resource, grafana.AdminPasswordParameter);
    }

    [Fact]
    public void Grafana_refuses_a_database_that_is_not_PostgreSQL()
    {
        var builder = TestModel.Publish();
        var grafana = builder.AddGrafana("grafana", builder.AddParameter("password", secret: true));
        var cache = builder.AddConnectionString("cache");
        var error = Assert.Throws<DistributedApplicationException>(() => grafana.WithPostgresDatasource(cache));

        Assert.Equal(
            "Grafana cannot use 'cache' as a PostgreSQL data source: it has no connection property Host. Pass a PostgreSQL database.",
            error.Message);
    }

    [Fact]
    public async Task Loki_takes_logs_as_OTLP()
    {
        var builder = TestModel.Publish();
        var loki = builder.AddLoki("loki", 3100).WithConfiguration(Folder).WithDataVolume("data").Resource;

        Assert.Equal("docker.io/grafana/loki:3.5.3", TestModel.ImageOf(loki));
        Assert.Equal(["-config.file=/etc/loki/loki.yaml"], await TestModel.ArgumentsOf(builder, loki));
        Assert.Equal("{loki.bindings.http.url}/otlp/v1/logs", loki.OtlpEndpoint.ValueExpression);
        Assert.Equal([(Folder, "/etc/loki", true), ("data", "/loki", false)], TestModel.MountsOf(loki));
    }

    [Fact]
    public async Task Jaeger_takes_traces_as_OTLP_and_needs_no_configuration()
    {
        var builder = TestModel.Publish();
        var jaeger = builder.AddJaeger("jaeger", 16686);

        Assert.Equal("docker.io/jaegertracing/jaeger:2.9.0", TestModel.ImageOf(jaeger.Resource));
        Assert.Empty(await TestModel.ArgumentsOf(builder, jaeger.Resource));
        Assert.Equal("{jaeger.bindings.otlp.url}/v1/traces", jaeger.Resource.OtlpEndpoint.ValueExpression);
        Assert.Equal(
            [("http", 16686), ("otlp", 4318)],
            jaeger.Resource.Annotations.OfType<EndpointAnnotation>().Select(e => (e.Name, e.TargetPort!.Value)));

        jaeger.WithConfiguration(Folder);
        Assert.Equal(["--config=/etc/jaeger/config.yaml"], await TestModel.ArgumentsOf(builder, jaeger.Resource));
        Assert.Equal((Folder, "/etc/jaeger", true), Assert.Single(TestModel.MountsOf(jaeger.Resource)));
    }

    [Theory]
    [InlineData("prometheus", "Prometheus", "Targets", "Alerts")]
    [InlineData("alertmanager", "Alerts", "Silences")]
    [InlineData("grafana", "Grafana", "Boards")]
    [InlineData("loki", "API")]
    [InlineData("jaeger", "Jaeger", "Search traces")]
    public async Task Dashboard_names_the_pages_of_a_server(string name, params string[] pages)
    {
        var folder = Directory.CreateTempSubdirectory("osmen-pages-");
        var builder = TestModel.Run();
        builder.AddPrometheus("prometheus", runFolder: folder.FullName);
        builder.AddAlertmanager("alertmanager");
        builder.AddGrafana("grafana", builder.AddParameter("password", "p", secret: true));
        builder.AddLoki("loki");
        builder.AddJaeger("jaeger");
        var resource = (IResourceWithEndpoints)builder.Resources.Single(r => r.Name == name);
        var endpoint = resource.GetEndpoint("http");
        endpoint.Allocate(9000);
        var urls = new List<ResourceUrlAnnotation> { new() { Url = "http://localhost:9000", Endpoint = endpoint } };
        var context = new ResourceUrlsCallbackContext(builder.ExecutionContext, resource, urls);
        foreach (var callback in resource.Annotations.OfType<ResourceUrlsCallbackAnnotation>())
            await callback.Callback(context);

        Assert.Equal(pages, context.Urls.Select(u => u.DisplayText));
        Assert.NotEmpty(TestModel.IconOf(resource));
        folder.Delete(recursive: true);
    }
}
