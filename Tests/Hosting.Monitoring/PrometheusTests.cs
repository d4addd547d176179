using Microsoft.Extensions.DependencyInjection;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Hosting.Monitoring;

public sealed class PrometheusTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("osmen-prometheus-");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Container_has_image_arguments_health_check_icon_and_named_urls()
    {
        var builder = TestModel.Run();
        var prometheus = builder.AddPrometheus("prometheus", 9090, _folder.FullName);

        Assert.Equal("docker.io/prom/prometheus:v3.5.0", TestModel.ImageOf(prometheus.Resource));
        Assert.Equal(
            [
                "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus", "--storage.tsdb.retention.time=15d",
                "--enable-feature=exemplar-storage",
            ],
            await TestModel.ArgumentsOf(builder, prometheus.Resource));
        var endpoint = prometheus.Resource.PrimaryEndpoint.EndpointAnnotation;
        Assert.Equal((9090, 9090, "http"), (endpoint.Port, endpoint.TargetPort, endpoint.Name));
        Assert.Single(prometheus.Resource.Annotations.OfType<HealthCheckAnnotation>());
        Assert.Equal("DataTrending", TestModel.IconOf(prometheus.Resource));
        Assert.Equal((_folder.FullName, "/etc/prometheus", true), Assert.Single(TestModel.MountsOf(prometheus.Resource)));
    }

    [Fact]
    public async Task Scrape_token_of_a_container_is_written_by_a_shell_from_its_environment()
    {
        var builder = TestModel.Publish();
        var token = builder.AddParameter("token", secret: true);
        var prometheus = builder.AddPrometheus("prometheus").WithScrapeToken(token);

        Assert.Equal("/bin/sh", prometheus.Resource.Entrypoint);
        var arguments = await TestModel.ArgumentsOf(builder, prometheus.Resource);
        Assert.Equal(["-c", "prometheus", "--config.file=/etc/prometheus/prometheus.yml"], [arguments[0], arguments[2], arguments[3]]);
        Assert.Equal("umask 077; printf %s \"$METRICS_SCRAPE_TOKEN\" > /tmp/scrape-token; exec /bin/prometheus \"$@\"", arguments[1]);
        var environment = await TestModel.EnvironmentOf(builder, prometheus.Resource);
        Assert.Equal("{token.value}", environment["METRICS_SCRAPE_TOKEN"]);
    }

    [Fact]
    public async Task Published_container_has_the_callers_configuration_and_no_address_of_this_machine()
    {
        var builder = TestModel.Publish();
        var prometheus = builder.AddPrometheus("prometheus", 9090, _folder.FullName)
            .WithConfiguration(_folder.FullName)
            .WithDataVolume("data")
            .WithScrapeTarget(builder.AddService("api"))
            .WithAlertmanager(builder.AddAlertmanager("alertmanager"));

        Assert.Equal(
            [(_folder.FullName, "/etc/prometheus", true), ("data", "/prometheus", false)],
            TestModel.MountsOf(prometheus.Resource).OrderBy(m => m.Target, StringComparer.Ordinal));
        Assert.Empty(_folder.EnumerateFileSystemInfos());
        Assert.Empty(await TestModel.EnvironmentOf(builder, prometheus.Resource));
    }

    [Fact]
    public void Own_configuration_in_run_mode_finds_the_targets_beside_it()
    {
        var own = _folder.CreateSubdirectory("own").FullName;
        var run = Path.Combine(_folder.FullName, "run");
        var prometheus = TestModel.Run().AddPrometheus("prometheus", runFolder: run).WithConfiguration(own);

        Assert.Equal(
            [(own, "/etc/prometheus", true), (Path.Combine(run, "targets"), "/etc/prometheus-targets", true)],
            TestModel.MountsOf(prometheus.Resource).OrderBy(m => m.Target, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Temporary_run_folder_is_removed_with_the_application()
    {
        var builder = TestModel.Run();
        var prometheus = builder.AddPrometheus("prometheus");
        var folder = TestModel.MountsOf(prometheus.Resource).Single().Source!;
        Assert.True(Directory.Exists(folder));

        await using (var application = builder.Build())
        {
            // A start resolves it.
#pragma warning disable ASPIREFILESYSTEM001
            Assert.NotNull(application.Services.GetService<IFileSystemService>());
#pragma warning restore ASPIREFILESYSTEM001
        }

        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task Program_listens_on_loopback_and_runs_as_the_user_that_launch_chooses()
    {
        var builder = TestModel.Run();
        var prometheus = builder.AddPrometheusExecutable("prometheus", "/usr/bin/prometheus", _folder.FullName)
            .WithServerUser((program, _) => ("/usr/bin/setpriv", ["--reuid", "nobody", program]), _ => { });
        prometheus.Resource.PrimaryEndpoint.Allocate(9090);

        Assert.Equal("/usr/bin/setpriv", prometheus.Resource.Command);
        Assert.Equal(
            [
                "--reuid", "nobody", "/usr/bin/prometheus",
                $"--config.file={_folder.FullName}/prometheus.yml", $"--storage.tsdb.path={_folder.FullName}/data",
                "--web.listen-address=127.0.0.1:9091", "--web.external-url=http://localhost:9090",
                "--storage.tsdb.retention.time=15d", "--enable-feature=exemplar-storage",
            ],
            await TestModel.ArgumentsOf(builder, prometheus.Resource));
        Assert.Contains(prometheus.Resource.Annotations, a => a == ManifestPublishingCallbackAnnotation.Ignore);
    }

    [Fact]
    public async Task Configuration_of_a_program_is_what_promtool_accepts()
    {
        var promtool = Programs.Need("promtool", "promtool");
        var builder = TestModel.Run();
        builder.Configuration["Parameters:token"] = "s3cret";
        var rules = _folder.CreateSubdirectory("rules").FullName;
        const string Rule = "groups: [{name: up, rules: [{record: up:sum, expr: sum(up)}]}]";
        await File.WriteAllTextAsync(Path.Combine(rules, "up.yaml"), Rule, Token);
        await File.WriteAllTextAsync(Path.Combine(rules, "notes.md"), "not a rule", Token);
        var alertmanager = builder.AddAlertmanagerExecutable(
            "alertmanager", "alertmanager", Path.Combine(_folder.FullName, "alertmanager"), _folder.FullName);
        var owned = new List<string>();
        var prometheus = builder.AddPrometheusExecutable("prometheus", "prometheus", Path.Combine(_folder.FullName, "prometheus"))
            .WithServerUser((program, arguments) => (program, arguments), owned.Add)
            .WithRules(rules)
            .WithScrapeInterval(TimeSpan.FromMilliseconds(1500))
            .WithScrapeToken(builder.AddParameter("token", secret: true))
            .WithScrapeTarget(builder.AddService("api").WithReplicas(2), "/internal/metrics")
            .WithAlertmanager(alertmanager);
        alertmanager.Resource.PrimaryEndpoint.Allocate(9093);
        prometheus.Resource.PrimaryEndpoint.Allocate(9090);

        await StartAsync(builder, prometheus.Resource);

        var folder = Path.Combine(_folder.FullName, "prometheus");
        Assert.Equal(
            """
            # Written by the AppHost each time Prometheus starts.
            global:
              scrape_interval: 1500ms
              evaluation_interval: 1500ms
            rule_files: [rules/*.yaml, rules/*.yml]
            alerting:
              alertmanagers:
                - static_configs:
                    - targets: ['127.0.0.1:9093']
            scrape_configs:
              - job_name: prometheus
                static_configs:
                  - targets: ['127.0.0.1:9090']
              - job_name: api
                metrics_path: '/internal/metrics'
                file_sd_configs:
                  - files: [targets/api.json]
                    refresh_interval: 15s
                authorization:
                  credentials_file: scrape-token

            """,
            await File.ReadAllTextAsync(Path.Combine(folder, "prometheus.yml"), Token));
        Assert.Equal("s3cret", await File.ReadAllTextAsync(Path.Combine(folder, "scrape-token"), Token));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder, "scrape-token")));
        Assert.Equal([folder], owned);
        Assert.Equal(["up.yaml"], Directory.GetFiles(Path.Combine(folder, "rules")).Select(Path.GetFileName));
        var check = await Programs.RunAsync(promtool, "check", "config", Path.Combine(folder, "prometheus.yml"));
        Assert.Contains("SUCCESS", check, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configuration_of_a_container_names_other_containers_and_contains_no_secret()
    {
        var builder = TestModel.Run();
        builder.Configuration["Parameters:token"] = "s3cret";
        var prometheus = builder.AddPrometheus("prometheus", runFolder: _folder.FullName)
            .WithScrapeToken(builder.AddParameter("token", secret: true))
            .WithScrapeTarget(builder.AddService("api"))
            .WithAlertmanager(builder.AddAlertmanager("alarms"));

        await StartAsync(builder, prometheus.Resource);

        Assert.Equal(
            """
            # Written by the AppHost each time Prometheus starts.
            global:
              scrape_interval: 15s
              evaluation_interval: 15s
            rule_files: [rules/*.yaml, rules/*.yml]
            alerting:
              alertmanagers:
                - static_configs:
                    - targets: ['alarms:9093']
            scrape_configs:
              - job_name: prometheus
                static_configs:
                  - targets: ['localhost:9090']
              - job_name: api
                metrics_path: '/metrics'
                file_sd_configs:
                  - files: [targets/api.json]
                    refresh_interval: 15s
                authorization:
                  credentials_file: /tmp/scrape-token

            """,
            await File.ReadAllTextAsync(Path.Combine(_folder.FullName, "prometheus.yml"), Token));
        foreach (var file in _folder.EnumerateFiles("*", SearchOption.AllDirectories))
            Assert.DoesNotContain("s3cret", await File.ReadAllTextAsync(file.FullName, Token), StringComparison.Ordinal);
    }

    // A container that refers to an endpoint of a project would wait for Aspire's tunnel, whose image is built on first use.
    [Fact]
    public void Container_does_not_refer_to_the_endpoints_of_what_it_scrapes()
    {
        var builder = TestModel.Run();
        var service = builder.AddService("api");
        var prometheus = builder.AddPrometheus("prometheus", runFolder: _folder.FullName).WithScrapeTarget(service);

        Assert.DoesNotContain(
            prometheus.Resource.Annotations, a => a is EndpointReferenceAnnotation or WaitAnnotation or EnvironmentCallbackAnnotation);
        Assert.Contains(prometheus.Resource.Annotations.OfType<ResourceRelationshipAnnotation>(), r => r.Resource == service.Resource);
    }

    private static async Task StartAsync(IDistributedApplicationBuilder builder, IResource resource)
    {
        await using var application = builder.Build();
        await builder.Eventing.PublishAsync(new BeforeResourceStartedEvent(resource, application.Services), Token);
    }
}
