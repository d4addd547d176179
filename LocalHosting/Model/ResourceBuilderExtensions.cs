using System.Globalization;

namespace OsMEN.LocalHosting;

/// <summary>What can be said of a resource, in Aspire's words.</summary>
public static class ResourceBuilderExtensions
{
    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, string? value)
        where T : IResourceWithEnvironment => builder.WithEnvironment(context => context.EnvironmentVariables[name] = value ?? "");

    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, ReferenceExpression value)
        where T : IResourceWithEnvironment => builder.WithEnvironment(context => context.EnvironmentVariables[name] = value);

    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, EndpointReference endpointReference)
        where T : IResourceWithEnvironment => builder.WithEnvironment(context => context.EnvironmentVariables[name] = endpointReference);

    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, IResourceBuilder<ParameterResource> parameter)
        where T : IResourceWithEnvironment => builder.WithEnvironment(context => context.EnvironmentVariables[name] = parameter.Resource);

    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, Action<EnvironmentCallbackContext> callback)
        where T : IResourceWithEnvironment
    {
        ArgumentNullException.ThrowIfNull(callback);
        return builder.WithEnvironment(context =>
        {
            callback(context);
            return Task.CompletedTask;
        });
    }

    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, Func<EnvironmentCallbackContext, Task> callback)
        where T : IResourceWithEnvironment => builder.WithAnnotation(new EnvironmentCallbackAnnotation(callback));

    /// <summary>Gives the resource <c>ConnectionStrings__name</c> and the connection string's parts as <c>NAME_HOST</c> and so on.</summary>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(
        this IResourceBuilder<TDestination> builder, IResourceBuilder<IResourceWithConnectionString> source, string? connectionName = null)
        where TDestination : IResourceWithEnvironment
    {
        ArgumentNullException.ThrowIfNull(source);
        var name = connectionName ?? source.Resource.Name;
        return builder.WithEnvironment(context =>
        {
            // Looked up when it is used: the backing is chosen after the model is written.
            var resource = source.Resource.Annotations.OfType<ConnectionStringRedirectAnnotation>().LastOrDefault()?.Resource ?? source.Resource;
            context.EnvironmentVariables[$"ConnectionStrings__{name}"] = new ConnectionStringReference(resource);
            foreach (var (key, value) in resource.GetConnectionProperties())
                context.EnvironmentVariables[$"{VariableName(name)}_{key.ToUpperInvariant()}"] = value;
        });
    }

    /// <summary>Gives the resource <c>services__name__endpoint__0</c> and <c>NAME_ENDPOINT</c> for each endpoint of the other.</summary>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(this IResourceBuilder<TDestination> builder, IResourceBuilder<ProjectResource> source)
        where TDestination : IResourceWithEnvironment => builder.WithEndpointsOf(source);

    /// <inheritdoc cref="WithReference{TDestination}(IResourceBuilder{TDestination}, IResourceBuilder{ProjectResource})"/>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(this IResourceBuilder<TDestination> builder, EndpointReference endpointReference)
        where TDestination : IResourceWithEnvironment
    {
        ArgumentNullException.ThrowIfNull(endpointReference);
        return builder.WithEnvironment(context =>
        {
            var (owner, endpoint) = (endpointReference.Resource.Name, endpointReference.EndpointName);
            context.EnvironmentVariables[$"{VariableName(owner)}_{VariableName(endpoint)}"] = endpointReference;
            context.EnvironmentVariables[$"services__{owner}__{endpoint}__0"] = endpointReference;
        });
    }

    private static IResourceBuilder<TDestination> WithEndpointsOf<TDestination>(this IResourceBuilder<TDestination> builder, IResourceBuilder<ProjectResource> source)
        where TDestination : IResourceWithEnvironment
    {
        ArgumentNullException.ThrowIfNull(source);
        return builder.WithEnvironment(context =>
        {
            var name = source.Resource.Name;
            foreach (var endpoint in source.Resource.Annotations.OfType<EndpointAnnotation>())
            {
                context.EnvironmentVariables[$"{VariableName(name)}_{VariableName(endpoint.Name)}"] = source.GetEndpoint(endpoint.Name);
                var replicas = context.ExecutionContext.IsPublishMode ? 1 : endpoint.AllocatedPorts.Count;
                for (var i = 0; i < replicas; i++)
                {
                    context.EnvironmentVariables[string.Create(CultureInfo.InvariantCulture, $"services__{name}__{endpoint.Name}__{i}")] =
                        new EndpointReference(source.Resource, endpoint.Name) { Replica = i };
                }
            }
        });
    }

    /// <summary>Starts the resource once the other runs and is healthy. If the other fails for good, the resource fails too, and says why.</summary>
    public static IResourceBuilder<T> WaitFor<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency)
        where T : IResourceWithWaitSupport
    {
        ArgumentNullException.ThrowIfNull(dependency);
        return builder.WithAnnotation(new WaitAnnotation(dependency.Resource, WaitType.WaitUntilHealthy));
    }

    /// <summary>Starts the resource once the other runs.</summary>
    public static IResourceBuilder<T> WaitForStart<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency)
        where T : IResourceWithWaitSupport
    {
        ArgumentNullException.ThrowIfNull(dependency);
        return builder.WithAnnotation(new WaitAnnotation(dependency.Resource, WaitType.WaitUntilStarted));
    }

    /// <param name="builder">The resource.</param>
    /// <param name="port">The port to have if it is free; any free one unless given.</param>
    /// <param name="targetPort">The port inside a container.</param>
    /// <param name="name">The endpoint's name; <c>http</c> unless given.</param>
    /// <param name="env">A variable that tells the program its port.</param>
    public static IResourceBuilder<T> WithHttpEndpoint<T>(this IResourceBuilder<T> builder, int? port = null, int? targetPort = null, string? name = null, string? env = null)
        where T : IResourceWithEndpoints => builder.WithEndpoint(port, targetPort, "http", name ?? "http", env);

    /// <inheritdoc cref="WithHttpEndpoint{T}"/>
    public static IResourceBuilder<T> WithEndpoint<T>(
        this IResourceBuilder<T> builder, int? port = null, int? targetPort = null, string? scheme = null, string? name = null, string? env = null)
        where T : IResourceWithEndpoints
    {
        ArgumentNullException.ThrowIfNull(builder);
        var endpoint = new EndpointAnnotation(name ?? scheme ?? "tcp", scheme ?? "tcp", port, targetPort) { EnvironmentVariable = env };
        return builder.Resource.Annotations.OfType<EndpointAnnotation>().Any(e => e.Name == endpoint.Name)
            ? throw new DistributedApplicationException($"The resource \"{builder.Resource.Name}\" has two endpoints \"{endpoint.Name}\".")
            : builder.WithAnnotation(endpoint);
    }

    /// <summary>The resource's HTTP endpoints are reached from outside of where it is deployed. On this machine they stay on 127.0.0.1.</summary>
    public static IResourceBuilder<T> WithExternalHttpEndpoints<T>(this IResourceBuilder<T> builder)
        where T : IResourceWithEndpoints
    {
        ArgumentNullException.ThrowIfNull(builder);
        foreach (var endpoint in builder.Resource.Annotations.OfType<EndpointAnnotation>().Where(e => e.UriScheme is "http" or "https"))
            endpoint.IsExternal = true;
        return builder;
    }

    /// <summary>The resource is healthy when a GET of the path gives the status, 200 unless said.</summary>
    public static IResourceBuilder<T> WithHttpHealthCheck<T>(this IResourceBuilder<T> builder, string? path = null, int? statusCode = null, string? endpointName = null)
        where T : IResourceWithEndpoints => builder.WithAnnotation(new HttpHealthCheckAnnotation(path ?? "/", statusCode ?? 200, endpointName ?? "http"));

    public static EndpointReference GetEndpoint<T>(this IResourceBuilder<T> builder, string name)
        where T : IResourceWithEndpoints => new(builder.Resource, name);

    private static string VariableName(string name) => name.Replace('-', '_').ToUpperInvariant();
}
