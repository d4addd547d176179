namespace Aspire.Hosting.ApplicationModel;

/// <summary>Prometheus Alertmanager as a program that is installed on this machine.</summary>
/// <param name="name">The name of the resource.</param>
/// <param name="command">The path of the program.</param>
/// <param name="workingDirectory">The folder of its configuration and data.</param>
public sealed class AlertmanagerExecutableResource(string name, string command, string workingDirectory)
    : ExecutableResource(name, command, workingDirectory), IAlertmanagerResource
{
    /// <inheritdoc/>
    public EndpointReference PrimaryEndpoint => field ??= new(this, AlertmanagerResource.PrimaryEndpointName);
}
