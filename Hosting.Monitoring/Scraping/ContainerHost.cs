using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;

namespace OsMEN.Hosting.Monitoring.Scraping;

/// <summary>How a container reaches this machine.</summary>
/// <param name="ListenAddress">The address to listen on, so that the container reaches it and other machines don't.</param>
/// <param name="Name">What the container calls this machine.</param>
internal sealed record ContainerHost(IPAddress ListenAddress, string Name)
{
    private const string Gateways = "{{range .NetworkSettings.Networks}}{{println .Gateway}}{{end}}";

    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(10);

    // Docker Desktop and Podman Machine run containers in a virtual machine and forward this name to the machine's loopback interface.
    private static readonly ContainerHost VirtualMachine = new(IPAddress.Loopback, "host.docker.internal");

    /// <summary>Finds out by the gateway of the container's network, which on Linux is an address of this machine.</summary>
    public static async Task<ContainerHost> FindAsync(string containerId, CancellationToken cancellationToken)
    {
        var chosen = Environment.GetEnvironmentVariable("ASPIRE_CONTAINER_RUNTIME")
            ?? Environment.GetEnvironmentVariable("DOTNET_ASPIRE_CONTAINER_RUNTIME");
        foreach (var runtime in chosen is { Length: > 0 } ? [chosen] : (string[])["docker", "podman"])
        {
            var output = await InspectAsync(runtime, containerId, cancellationToken);
            foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                if (IPAddress.TryParse(line, out var gateway) && IsOfThisMachine(gateway))
                    return new(gateway, gateway.ToString());
            }
        }

        return VirtualMachine;
    }

    private static bool IsOfThisMachine(IPAddress address) =>
        NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(i => i.GetIPProperties().UnicastAddresses)
            .Any(a => a.Address.Equals(address));

    private static async Task<string> InspectAsync(string runtime, string containerId, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeLimit);
        try
        {
            using var process = Process.Start(new ProcessStartInfo(runtime, ["inspect", "--format", Gateways, containerId])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            try
            {
                var output = process.StandardOutput.ReadToEndAsync(limit.Token);
                var errors = process.StandardError.ReadToEndAsync(limit.Token);
                await process.WaitForExitAsync(limit.Token);
                await errors;
                return process.ExitCode == 0 ? await output : "";
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                cancellationToken.ThrowIfCancellationRequested();
                return "";
            }
        }
        catch (Win32Exception)
        {
            // It is not installed.
            return "";
        }
    }
}
