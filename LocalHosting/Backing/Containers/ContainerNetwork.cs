using System.Net;
using System.Security.Cryptography;
using System.Text;
using OsMEN.LocalHosting.Running;

namespace OsMEN.LocalHosting.Backing.Containers;

/// <summary>
/// What the containers of one folder's application have in common: a network on which they know each other by name, a prefix and a
/// label by which leftovers of an AppHost that was killed are found.
/// </summary>
internal sealed class ContainerNetwork(ContainerRuntime runtime, LocalFolder folder, IReadOnlyList<IResource> resources) : IAsyncDisposable
{
    private readonly List<HostTunnel> _tunnels = [];
    private readonly SemaphoreSlim _once = new(1);
    private bool _isThere;

    public ContainerRuntime Runtime => runtime;

    public string Name { get; } = "osmen-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(folder.Root)))[..8];

    public string Label => $"osmen.folder={Name}";

    /// <summary>Where containers reach this machine: an address, or a word that the runtime replaces.</summary>
    public string HostAddress { get; private set; } = "host-gateway";

    /// <summary>The application's own volume of that name.</summary>
    public string VolumeOf(string name) => $"{Name}-{name}";

    /// <summary>Makes the network, once, after what an AppHost before left behind is gone.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        await _once.WaitAsync(cancellationToken);
        try
        {
            if (_isThere)
                return;
            await RemoveContainersAsync(cancellationToken);
            if ((await runtime.RunAsync(["network", "inspect", Name], cancellationToken)).Status != 0)
                await runtime.RequireAsync(["network", "create", "--label", Label, Name], $"the network {Name} cannot be made", cancellationToken);
            _isThere = true;
            if (OperatingSystem.IsLinux())
                await OpenTunnelsAsync(cancellationToken);
        }
        finally
        {
            _once.Release();
        }
    }

    /// <summary>Removes what is of this session. Persistent containers keep the network.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var tunnel in _tunnels)
            await tunnel.DisposeAsync();
        if (_isThere)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            try
            {
                await RemoveContainersAsync(limit.Token);
                await runtime.RunAsync(["network", "rm", Name], limit.Token);
                if (folder.IsTemporary)
                    await RemoveVolumesAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                // The next start removes what is left.
            }
        }

        _once.Dispose();
    }

    // To every service that does not run in a container: which of them a container asks is written in its configuration, not in the
    // model. Where the runtime lives in a virtual machine (macOS, Windows), it brings 127.0.0.1 to containers by itself.
    private async Task OpenTunnelsAsync(CancellationToken cancellationToken)
    {
        var format = runtime.Name == "podman" ? "{{range .Subnets}}{{.Gateway}}{{end}}" : "{{range .IPAM.Config}}{{.Gateway}}{{end}}";
        HostAddress = await runtime.RequireAsync(["network", "inspect", "--format", format, Name], $"the network {Name} cannot be read", cancellationToken);
        var ports = resources.Where(r => !r.Annotations.OfType<RunsInContainerAnnotation>().Any())
            .SelectMany(r => r.Annotations.OfType<EndpointAnnotation>())
            .SelectMany(e => e.AllocatedPorts);
        foreach (var port in ports)
            _tunnels.Add(HostTunnel.Open(IPAddress.Parse(HostAddress), port));
    }

    private async Task RemoveVolumesAsync(CancellationToken cancellationToken)
    {
        var (_, found) = await runtime.RunAsync(["volume", "ls", "--quiet", "--filter", $"label={Label}"], cancellationToken);
        string[] volumes = [.. found.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        if (volumes.Length > 0)
            await runtime.RunAsync(["volume", "rm", .. volumes], cancellationToken);
    }

    private async Task RemoveContainersAsync(CancellationToken cancellationToken)
    {
        var (_, found) = await runtime.RunAsync(["ps", "--all", "--quiet", "--filter", $"label={Label}", "--filter", "label=osmen.lifetime=session"], cancellationToken);
        string[] left = [.. found.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        if (left.Length > 0)
            await runtime.RunAsync(["rm", "--force", "--volumes", .. left], cancellationToken);
    }
}
