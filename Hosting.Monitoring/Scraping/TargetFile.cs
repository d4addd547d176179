using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OsMEN.Hosting.Monitoring.Scraping;

/// <summary>A file of Prometheus's file-based discovery (<c>file_sd_configs</c>), which Prometheus reads again when it changes.</summary>
internal static class TargetFile
{
    public static string Create(IEnumerable<TargetGroup> groups) =>
        JsonSerializer.Serialize([.. groups], TargetFileJsonContext.Default.TargetGroupArray);

    /// <summary>The targets of a Prometheus on this machine.</summary>
    public static IEnumerable<TargetGroup> Direct(ReplicaSet replicas) =>
        replicas.Addresses.Values.Select(address => new TargetGroup(
            [string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{address.Port}")],
            new() { ["instance"] = address.Authority }));

    /// <summary>The targets of a Prometheus that reaches replicas through a relay, which tells them apart by the path.</summary>
    public static IEnumerable<TargetGroup> Through(string relay, ReplicaSet replicas) =>
        replicas.Addresses.Select(replica => new TargetGroup(
            [relay],
            new() { ["instance"] = replica.Value.Authority, ["__metrics_path__"] = $"/{replica.Key}" }));
}

/// <param name="Targets">Addresses, as host and port.</param>
/// <param name="Labels">Labels of all of them.</param>
internal sealed record TargetGroup(IReadOnlyList<string> Targets, Dictionary<string, string> Labels);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(TargetGroup[]))]
internal sealed partial class TargetFileJsonContext : JsonSerializerContext;
