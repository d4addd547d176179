namespace Aspire.Hosting.ApplicationModel;

/// <summary>An Alertmanager, whether it runs in a container or as a program that is installed on this machine.</summary>
public interface IAlertmanagerResource
    : IResourceWithServiceDiscovery, IResourceWithArgs, IResourceWithEnvironment, IResourceWithWaitSupport
{
    /// <summary>Gets the endpoint of the web pages and the API.</summary>
    EndpointReference PrimaryEndpoint { get; }
}
