using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;

namespace OsMEN.Tests.Hosting.Monitoring;

/// <summary>Application models that are read, not started.</summary>
internal static class TestModel
{
    public static IDistributedApplicationBuilder Run() => Create();

    public static IDistributedApplicationBuilder Publish() => Create("--operation", "publish", "--publisher", "manifest");

    public static IResourceBuilder<ProjectResource> AddService(this IDistributedApplicationBuilder builder, string name) =>
        builder.AddProject<Service>(name, launchProfileName: null).WithHttpEndpoint();

    /// <summary>Gives an endpoint the address that it has once the application runs; its process listens on the port after.</summary>
    public static void Allocate(this EndpointReference endpoint, int port) =>
        endpoint.EndpointAnnotation.AllocatedEndpoint = new(
            endpoint.EndpointAnnotation, "localhost", port, (port + 1).ToString(CultureInfo.InvariantCulture));

    /// <summary>The arguments; in publish mode with placeholders for what is not known yet.</summary>
    public static async Task<string[]> ArgumentsOf(IDistributedApplicationBuilder builder, IResource resource) =>
    [
        .. (await ExecutionConfigurationBuilder.Create(resource).WithArgumentsConfig().BuildAsync(builder.ExecutionContext, NullLogger.Instance))
            .Arguments.Select(a => a.Value),
    ];

    /// <summary>The environment variables; in publish mode with placeholders for what is not known yet.</summary>
    public static async Task<Dictionary<string, string>> EnvironmentOf(IDistributedApplicationBuilder builder, IResource resource) =>
        (await ExecutionConfigurationBuilder.Create(resource)
            .WithEnvironmentVariablesConfig()
            .BuildAsync(builder.ExecutionContext, NullLogger.Instance))
        .EnvironmentVariables.ToDictionary(StringComparer.Ordinal);

    public static string IconOf(IResource resource) => resource.Annotations.OfType<ResourceIconAnnotation>().Single().IconName;

    public static string ImageOf(IResource resource) =>
        resource.TryGetContainerImageName(out var name) ? name : throw new InvalidOperationException($"{resource.Name} has no image.");

    public static (string? Source, string Target, bool IsReadOnly)[] MountsOf(IResource resource) =>
        [.. resource.Annotations.OfType<ContainerMountAnnotation>().Select(m => (m.Source, m.Target, m.IsReadOnly))];

    private static IDistributedApplicationBuilder Create(params string[] args) =>
        DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = args,
            DisableDashboard = true,
            AssemblyName = typeof(TestModel).Assembly.FullName,
        });

    private sealed class Service : IProjectMetadata
    {
        public string ProjectPath => Path.Combine(AppContext.BaseDirectory, "Service.csproj");
    }
}
