namespace Aspire.Hosting.ApplicationModel;

/// <summary>A Prometheus server, whether it runs in a container or as a program that is installed on this machine.</summary>
public interface IPrometheusResource
    : IResourceWithServiceDiscovery, IResourceWithArgs, IResourceWithEnvironment, IResourceWithWaitSupport
{
    /// <summary>Gets the endpoint of the web pages and the query API.</summary>
    EndpointReference PrimaryEndpoint { get; }
}
