using Aspire.Hosting.ApplicationModel;

namespace OsMEN.Hosting.Monitoring.Scraping;

/// <param name="Project">The project whose replicas are scraped. Its name is their job.</param>
/// <param name="Path">Where a replica serves its metrics.</param>
internal sealed record ScrapeTarget(ProjectResource Project, string Path);
