using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Lifecycle;
using OsMEN.Hosting.Monitoring;
using OsMEN.Hosting.Monitoring.Scraping;

namespace Aspire.Hosting;

/// <summary>Provides extension methods for adding Prometheus to the application model.</summary>
public static class PrometheusBuilderExtensions
{
    private const int ContainerPort = 9090;
    private const string ConfigurationFolder = "/etc/prometheus";
    private const string DataFolder = "/prometheus";
    private const string TokenVariable = "METRICS_SCRAPE_TOKEN";

    // Prometheus reads a token from its configuration or from a file, never from its environment. The image has a shell.
    private const string WriteToken =
        $"umask 077; printf %s \"${TokenVariable}\" > {PrometheusConfiguration.ContainerTokenFile}; exec /bin/prometheus \"$@\"";

    /// <summary>Adds a container that runs Prometheus.</summary>
    /// <remarks>
    /// This version defaults to the <inheritdoc cref="MonitoringContainerImageTags.PrometheusTag"/> tag of the
    /// <inheritdoc cref="MonitoringContainerImageTags.PrometheusImage"/> container image.
    /// In run mode the AppHost writes the configuration from the model: <see cref="WithScrapeTarget{T}"/>, <see cref="WithRules{T}"/>,
    /// <see cref="WithAlertmanager(IResourceBuilder{PrometheusResource}, IResourceBuilder{AlertmanagerResource})"/>. To publish, pass a
    /// configuration with <see cref="WithConfiguration"/>: replicas are discovered differently there.
    /// </remarks>
    /// <param name="builder">The <see cref="IDistributedApplicationBuilder"/>.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="port">The host port of the web pages and the query API. A free one by default.</param>
    /// <param name="runFolder">The folder for the configuration that run mode writes. A temporary folder by default.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    /// <example>
    /// <code lang="csharp">
    /// var api = builder.AddProject&lt;Projects.Api&gt;("api").WithReplicas(2);
    /// builder.AddPrometheus("prometheus", port: 9090)
    ///     .WithRules("../monitoring/rules")
    ///     .WithScrapeTarget(api);
    /// </code>
    /// </example>
    public static IResourceBuilder<PrometheusResource> AddPrometheus(
        this IDistributedApplicationBuilder builder, [ResourceName] string name, int? port = null, string? runFolder = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);

        var prometheus = builder.AddResource(new PrometheusResource(name))
            .WithImage(MonitoringContainerImageTags.PrometheusImage, MonitoringContainerImageTags.PrometheusTag)
            .WithImageRegistry(MonitoringContainerImageTags.PrometheusRegistry)
            .WithArgs($"--config.file={ConfigurationFolder}/prometheus.yml", $"--storage.tsdb.path={DataFolder}")
            .WithServerArgs()
            .WithHttpEndpoint(port, targetPort: ContainerPort, name: PrometheusResource.PrimaryEndpointName)
            .WithPages();
        if (builder.ExecutionContext.IsPublishMode)
            return prometheus;

        var folder = runFolder is null ? TemporaryFolder(builder) : Path.GetFullPath(runFolder, builder.AppHostDirectory);
        return prometheus.WithRun(folder).WithBindMount(folder, ConfigurationFolder, isReadOnly: true);
    }

    /// <summary>
    /// Adds Prometheus as a program that is installed on this machine, for machines without a container runtime. Run mode only.
    /// </summary>
    /// <param name="builder">The <see cref="IDistributedApplicationBuilder"/>.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="command">The program: a path, or a name to find on <c>PATH</c>. Prometheus 2.42 and later work.</param>
    /// <param name="folder">The folder for its configuration and its data.</param>
    /// <param name="port">The port of the web pages and the query API. A free one by default.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<PrometheusExecutableResource> AddPrometheusExecutable(
        this IDistributedApplicationBuilder builder, [ResourceName] string name, string command, string folder, int? port = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(command);
        ArgumentException.ThrowIfNullOrEmpty(folder);

        folder = Path.GetFullPath(folder, builder.AppHostDirectory);
        var prometheus = builder.AddResource(new PrometheusExecutableResource(name, command, folder))
            .WithHttpEndpoint(port, name: PrometheusResource.PrimaryEndpointName)
            .ExcludeFromManifest();
        var endpoint = prometheus.Resource.PrimaryEndpoint;
        return prometheus
            .WithArgs($"--config.file={Path.Combine(folder, "prometheus.yml")}", $"--storage.tsdb.path={Path.Combine(folder, "data")}")
            .WithArgs(ReferenceExpression.Create($"--web.listen-address=127.0.0.1:{endpoint.Property(EndpointProperty.TargetPort)}"))
            .WithArgs(ReferenceExpression.Create($"--web.external-url={endpoint.Property(EndpointProperty.Url)}"))
            .WithServerArgs()
            .WithPages()
            .WithRun(folder);
    }

    /// <summary>
    /// Uses the configuration in a folder instead of one that is written from the model. In run mode, the addresses of
    /// <see cref="WithScrapeTarget{T}"/> are then in <c>/etc/prometheus-targets/{project}.json</c>, for a <c>file_sd_configs</c>.
    /// </summary>
    /// <param name="builder">The resource builder.</param>
    /// <param name="folder">The folder with <c>prometheus.yml</c> and the files that it names, relative to the AppHost's folder.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<PrometheusResource> WithConfiguration(this IResourceBuilder<PrometheusResource> builder, string folder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(folder);

        var mounts = builder.Resource.Annotations.OfType<ContainerMountAnnotation>();
        if (mounts.FirstOrDefault(m => m.Target == ConfigurationFolder) is { } mount)
            builder.Resource.Annotations.Remove(mount);
        if (builder.Resource.TryGetLastAnnotation<PrometheusRunAnnotation>(out var run) && !run.HasOwnConfiguration)
        {
            run.HasOwnConfiguration = true;
            builder.WithBindMount(run.TargetsFolder, "/etc/prometheus-targets", isReadOnly: true);
        }

        return builder.WithBindMount(folder, ConfigurationFolder, isReadOnly: true);
    }

    /// <summary>Keeps the data in a named volume.</summary>
    /// <param name="builder">The resource builder.</param>
    /// <param name="name">The name of the volume. By default it is made from the application's and the resource's names.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<PrometheusResource> WithDataVolume(
        this IResourceBuilder<PrometheusResource> builder, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithVolume(name ?? VolumeNameGenerator.Generate(builder, "data"), DataFolder);
    }

    /// <summary>Evaluates the recording and alerting rules of a folder in run mode. They are read each time Prometheus starts.</summary>
    /// <typeparam name="T">The type of the resource.</typeparam>
    /// <param name="builder">The resource builder.</param>
    /// <param name="folder">The folder of the files <c>*.yaml</c> and <c>*.yml</c>, relative to the AppHost's folder.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<T> WithRules<T>(this IResourceBuilder<T> builder, string folder)
        where T : IPrometheusResource
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return builder.InRun(run => run.RulesSource = Path.GetFullPath(folder, builder.ApplicationBuilder.AppHostDirectory));
    }

    /// <summary>Sets how often targets are scraped and rules are evaluated in run mode. The default is 15 seconds.</summary>
    /// <typeparam name="T">The type of the resource.</typeparam>
    /// <param name="builder">The resource builder.</param>
    /// <param name="interval">The interval, of at least a millisecond.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="interval"/> is shorter.</exception>
    public static IResourceBuilder<T> WithScrapeInterval<T>(this IResourceBuilder<T> builder, TimeSpan interval)
        where T : IPrometheusResource
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentOutOfRangeException.ThrowIfLessThan(interval, TimeSpan.FromMilliseconds(1));
        return builder.InRun(run => run.Interval = interval);
    }

    /// <summary>
    /// Scrapes every replica of a project in run mode, each at its own address rather than through the project's endpoint, which is a proxy
    /// before all of them. The job is named after the project, and the label <c>instance</c> is the replica's address. A replica that was
    /// started again is found at its new address, one that was stopped is no longer scraped, and one that died stays a target that is down.
    /// </summary>
    /// <typeparam name="T">The type of the resource.</typeparam>
    /// <param name="builder">The resource builder.</param>
    /// <param name="project">The project, which serves its metrics over http.</param>
    /// <param name="path">The path of the metrics.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<T> WithScrapeTarget<T>(
        this IResourceBuilder<T> builder, IResourceBuilder<ProjectResource> project, string path = "/metrics")
        where T : IPrometheusResource
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(project);
        ArgumentException.ThrowIfNullOrEmpty(path);
        return builder
            .InRun(run => run.Targets.Add(new(project.Resource, path)))
            .WithRelationship(project.Resource, "Scrapes");
    }

    /// <summary>Sends a token with each scrape of a project, as <c>Authorization: Bearer</c>.</summary>
    /// <remarks>
    /// A container receives it in the environment variable <c>METRICS_SCRAPE_TOKEN</c> and writes it to <c>/tmp/scrape-token</c>, in
    /// publish mode too; a configuration passed with <see cref="WithConfiguration"/> names that file as <c>credentials_file</c>. A program
    /// on this machine reads a file that only its user may read.
    /// </remarks>
    /// <typeparam name="T">The type of the resource.</typeparam>
    /// <param name="builder">The resource builder.</param>
    /// <param name="token">The token.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<T> WithScrapeToken<T>(this IResourceBuilder<T> builder, IResourceBuilder<ParameterResource> token)
        where T : IPrometheusResource
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(token);

        if (builder is IResourceBuilder<PrometheusResource> container)
        {
            container.WithEntrypoint("/bin/sh").WithEnvironment(TokenVariable, token).WithArgs(context =>
            {
                string[] shell = ["-c", WriteToken, "prometheus"];
                for (var i = 0; i < shell.Length; i++)
                    context.Args.Insert(i, shell[i]);
            });
        }

        return builder.InRun(run => run.Token = token.Resource);
    }

    /// <summary>Sends alerts to an Alertmanager in run mode.</summary>
    /// <param name="builder">The resource builder.</param>
    /// <param name="alertmanager">The Alertmanager. Prometheus does not wait for it.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<PrometheusResource> WithAlertmanager(
        this IResourceBuilder<PrometheusResource> builder, IResourceBuilder<AlertmanagerResource> alertmanager) =>
        builder.SendAlertsTo(alertmanager);

    /// <inheritdoc cref="WithAlertmanager(IResourceBuilder{PrometheusResource}, IResourceBuilder{AlertmanagerResource})"/>
    public static IResourceBuilder<PrometheusExecutableResource> WithAlertmanager(
        this IResourceBuilder<PrometheusExecutableResource> builder, IResourceBuilder<IAlertmanagerResource> alertmanager) =>
        builder.SendAlertsTo(alertmanager);

    private static IResourceBuilder<T> SendAlertsTo<T>(
        this IResourceBuilder<T> builder, IResourceBuilder<IAlertmanagerResource> alertmanager)
        where T : IPrometheusResource
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(alertmanager);
        return builder.InRun(run => run.Alertmanager = alertmanager.Resource).WithRelationship(alertmanager.Resource, "Alerts");
    }

    private static IResourceBuilder<T> WithServerArgs<T>(this IResourceBuilder<T> builder) where T : IPrometheusResource =>
        builder.WithArgs("--storage.tsdb.retention.time=15d", "--enable-feature=exemplar-storage");

    private static IResourceBuilder<T> WithPages<T>(this IResourceBuilder<T> builder) where T : IPrometheusResource =>
        builder
            .WithHttpHealthCheck("/-/ready")
            .WithIconName("DataTrending")
            .WithUrlForEndpoint(PrometheusResource.PrimaryEndpointName, url => url.DisplayText = "Prometheus")
            .WithUrlForEndpoint(PrometheusResource.PrimaryEndpointName, _ => new() { Url = "/targets", DisplayText = "Targets" })
            .WithUrlForEndpoint(PrometheusResource.PrimaryEndpointName, _ => new() { Url = "/alerts", DisplayText = "Alerts" });

    private static IResourceBuilder<T> WithRun<T>(this IResourceBuilder<T> builder, string folder) where T : IPrometheusResource
    {
        builder.ApplicationBuilder.Services.TryAddEventingSubscriber<ScrapeTargetSubscriber>();
        var run = new PrometheusRunAnnotation(folder);
        run.CreateFolders();
        return builder
            .WithAnnotation(run)
            .OnBeforeResourceStarted((prometheus, _, cancellationToken) => run.WriteAsync(prometheus, cancellationToken));
    }

    private static IResourceBuilder<T> InRun<T>(this IResourceBuilder<T> builder, Action<PrometheusRunAnnotation> change)
        where T : IPrometheusResource
    {
        if (builder.Resource.TryGetLastAnnotation<PrometheusRunAnnotation>(out var run))
            change(run);
        return builder;
    }

#pragma warning disable ASPIREFILESYSTEM001 // Aspire's own temporary folders are removed when the application stops.
    private static string TemporaryFolder(IDistributedApplicationBuilder builder) =>
        builder.FileSystemService.TempDirectory.CreateTempSubdirectory("aspire-prometheus").Path;
#pragma warning restore ASPIREFILESYSTEM001
}
