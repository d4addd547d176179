using Aspire.Hosting.ApplicationModel;
using OsMEN.Hosting.Monitoring.Servers;

namespace OsMEN.Hosting.Monitoring.Scraping;

/// <summary>What a Prometheus of this run reads, and the folder on this machine where it is written. Absent in publish mode.</summary>
internal sealed class PrometheusRunAnnotation(string folder) : IResourceAnnotation
{
    public string Folder => folder;

    public string ConfigurationFile => Path.Combine(folder, "prometheus.yml");

    public string TargetsFolder => Path.Combine(folder, "targets");

    public string RulesFolder => Path.Combine(folder, "rules");

    public string TokenFile => Path.Combine(folder, "scrape-token");

    /// <summary>The folder of the caller's rules; null where there are none.</summary>
    public string? RulesSource { get; set; }

    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(15);

    public ParameterResource? Token { get; set; }

    public IAlertmanagerResource? Alertmanager { get; set; }

    public List<ScrapeTarget> Targets { get; } = [];

    /// <summary>Whether the caller brings a configuration, so none is written.</summary>
    public bool HasOwnConfiguration { get; set; }

    public string TargetsFileOf(IResource project) => Path.Combine(TargetsFolder, $"{project.Name}.json");

    /// <summary>Creates the folders, which a container's mounts need before it starts.</summary>
    public void CreateFolders()
    {
        ServerFiles.CreateFolder(folder);
        ServerFiles.CreateFolder(TargetsFolder);
        ServerFiles.CreateFolder(RulesFolder);
    }

    /// <summary>Writes everything that Prometheus reads at its start. The targets follow when their addresses are known.</summary>
    public async Task WriteAsync(IPrometheusResource prometheus, CancellationToken cancellationToken)
    {
        CreateFolders();
        if (!HasOwnConfiguration)
        {
            if (RulesSource is not null)
                await ServerFiles.CopyAsync(RulesSource, RulesFolder, ["*.yaml", "*.yml"], cancellationToken);
            var configuration = await PrometheusConfiguration.CreateAsync(prometheus, this, cancellationToken);
            await ServerFiles.WriteAsync(ConfigurationFile, configuration, cancellationToken);
        }

        // A container writes its own from its environment.
        if (prometheus is ExecutableResource && Token is not null)
            await ServerFiles.WriteSecretAsync(TokenFile, await Token.GetValueAsync(cancellationToken) ?? "", cancellationToken);
        FolderOwnerAnnotation.Apply(prometheus, folder);
    }
}
