using System.Collections.Immutable;
using Aspire.Hosting.ApplicationModel;

namespace OsMEN.Hosting.Monitoring.Scraping;

/// <summary>The replicas of a project that should be scraped, and where each listens.</summary>
internal sealed class ReplicaSet
{
    // A relay reads it while a snapshot changes it.
    private volatile ImmutableSortedDictionary<string, Uri> _addresses =
        ImmutableSortedDictionary.Create<string, Uri>(StringComparer.Ordinal);


    private readonly HashSet<string> _stopped = new(StringComparer.Ordinal);

    /// <summary>The address of each replica by the id of its resource instance.</summary>
    public ImmutableSortedDictionary<string, Uri> Addresses => _addresses;

    /// <summary>Takes the snapshot of a replica in.</summary>
    /// <returns>Whether an address was added, changed or removed.</returns>
    public bool Observe(string id, CustomResourceSnapshot snapshot)
    {
        var (before, state) = (_addresses, snapshot.State?.Text);
        if (state == KnownResourceStates.Stopping)
        {
            _stopped.Add(id);
            _addresses = before.Remove(id);
        }
        else if (state == KnownResourceStates.Running)
        {
            _stopped.Remove(id);
            if (AddressOf(snapshot) is { } address)
                _addresses = before.SetItem(id, address);
        }
        else if (KnownResourceStates.TerminalStates.Contains(state) && !_stopped.Contains(id) && !before.ContainsKey(id))
        {
            // It died before it was first seen. A target that is down is how Prometheus notices.
            if (AddressOf(snapshot) is { } address)
                _addresses = before.Add(id, address);
        }

        return _addresses != before;
    }

    // The endpoint of a project is a proxy before its replicas. What a replica itself listens on is in its environment.
    private static Uri? AddressOf(CustomResourceSnapshot snapshot) =>
        snapshot.EnvironmentVariables.FirstOrDefault(v => v.Name == "ASPNETCORE_URLS")?.Value?.Split(';')
            .Select(url => Uri.TryCreate(url, UriKind.Absolute, out var address) ? address : null)
            .FirstOrDefault(address => address?.Scheme == Uri.UriSchemeHttp);
}
