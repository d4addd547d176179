using System.Globalization;
using System.Text.RegularExpressions;

namespace OsMEN.LocalHosting.Backing.Native;

/// <summary>Translates text written for the inside of a container: paths, and the addresses by which containers know each other.</summary>
internal sealed class InsideOut
{
    private readonly Dictionary<string, string> _outside = new(StringComparer.Ordinal);
    private readonly Regex _inside;

    /// <param name="paths">Paths inside, and what they are outside.</param>
    /// <param name="resources">The model: <c>name:port</c> of what runs is <c>127.0.0.1:its port</c>.</param>
    /// <param name="self">The container, which is <c>localhost</c> to itself.</param>
    public InsideOut(IReadOnlyList<(string Inside, string Outside)> paths, IReadOnlyList<IResource> resources, IResource self)
    {
        foreach (var (inside, outside) in paths)
            _outside[inside] = outside;
        foreach (var resource in resources)
        {
            foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>().Where(e => e.TargetPort is not null && e.AllocatedPorts.Count > 0))
            {
                var address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{endpoint.AllocatedPorts[0]}");
                _outside[string.Create(CultureInfo.InvariantCulture, $"{resource.Name}:{endpoint.TargetPort}")] = address;
                if (resource == self)
                    _outside[string.Create(CultureInfo.InvariantCulture, $"localhost:{endpoint.TargetPort}")] = address;
            }
        }

        // The longest first, and whole names only: /prometheus is not in /etc/prometheus.
        var names = string.Join('|', _outside.Keys.OrderByDescending(k => k.Length).Select(Regex.Escape));
        _inside = new Regex($@"(?<![\w./-])({names})(?![\w.-])", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5));
    }

    public string Of(string text) => _inside.Replace(text, match => _outside[match.Value]);
}
