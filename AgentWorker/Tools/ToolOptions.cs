using System.Net;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.AgentWorker.Tools;

/// <summary>What tools may do on this worker (docs/tools.md).</summary>
internal sealed record ToolOptions
{
    /// <summary>Networks that tools may reach although they are not public. Default none.</summary>
    public IReadOnlyList<IPNetwork> AllowedNetworks { get; init; } = [];

    /// <summary>Limit of one request, redirects and body included. Default 20 s.</summary>
    public TimeSpan HttpTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Most bytes of a body that are read. Default 2 MiB.</summary>
    public int HttpMaxBytes { get; init; } = 2 * 1024 * 1024;

    /// <summary>The folder of read_file and search_files; null where there is none.</summary>
    public string? FilesRoot { get; init; }

    /// <summary>How deep agents may run agents: 0 forbids it. Default 3.</summary>
    public int MaxDepth { get; init; } = 3;

    /// <summary>Most MCP servers that this worker is connected to. Default 16.</summary>
    public int McpMaxServers { get; init; } = 16;

    /// <summary>How long an MCP server stays connected that nobody uses. Default 5 min.</summary>
    public TimeSpan McpIdle { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The user, or <c>user:group</c>, that programs of agents and MCP servers run as where the worker runs as root. Default root, without capabilities.</summary>
    public string? ProgramUser { get; init; }

    /// <exception cref="ConfigurationException">A value cannot be used.</exception>
    public static ToolOptions Read(IConfiguration configuration)
    {
        var defaults = new ToolOptions();
        return new ToolOptions
        {
            AllowedNetworks = ReadNetworks(configuration, "TOOLS_HTTP_ALLOWED_NETWORKS"),
            HttpTimeout = configuration.ReadDuration("TOOLS_HTTP_TIMEOUT", defaults.HttpTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)),
            HttpMaxBytes = (int)configuration.ReadInteger("TOOLS_HTTP_MAX_BYTES", defaults.HttpMaxBytes, 1024, 64 * 1024 * 1024),
            FilesRoot = ReadFolder(configuration, "TOOLS_FILES_ROOT"),
            MaxDepth = (int)configuration.ReadInteger("TOOLS_MAX_DEPTH", defaults.MaxDepth, 0, 10),
            McpMaxServers = (int)configuration.ReadInteger("TOOLS_MCP_MAX_SERVERS", defaults.McpMaxServers, 1, 1000),
            McpIdle = configuration.ReadDuration("TOOLS_MCP_IDLE", defaults.McpIdle, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
            ProgramUser = ReadUser(configuration, "PROGRAMS_USER"),
        };
    }

    private static List<IPNetwork> ReadNetworks(IConfiguration configuration, string key)
    {
        var networks = new List<IPNetwork>();
        foreach (var part in (configuration.ReadText(key) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            networks.Add(
                IPNetwork.TryParse(part, out var network) ? network
                : IPAddress.TryParse(part, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
                : throw new ConfigurationException(key, part, "addresses and networks with commas between, such as 10.1.0.0/16, fd00::/8, 192.168.1.7"));
        }

        return networks;
    }

    private static string? ReadUser(IConfiguration configuration, string key)
    {
        if (configuration.ReadText(key) is not { } user)
            return null;
        var valid = OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && user.Split(':') is { Length: <= 2 } parts && parts.All(p => p.Length > 0);
        return valid ? user : throw new ConfigurationException(key, user, "user or user:group, on Linux where the worker runs as root; else leave it out");
    }

    private static string? ReadFolder(IConfiguration configuration, string key)
    {
        if (configuration.ReadText(key) is not { } path)
            return null;
        return Directory.Exists(path) ? Path.GetFullPath(path) : throw new ConfigurationException(key, path, "a folder that exists");
    }
}
