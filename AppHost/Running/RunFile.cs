using System.Text.Json;
using System.Text.Json.Serialization;

namespace OsMEN.AppHost.Running;

/// <summary><c>run.json</c> in the data folder: what runs and where, for scripts. It exists while AppHost runs; only its owner may read it.</summary>
internal sealed class RunFile(string folder)
{
    private string Location => Path.Combine(folder, "run.json");

    public void Write(RunState state) => DataFolder.WritePrivate(Location, JsonSerializer.SerializeToUtf8Bytes(state, RunFileJsonContext.Default.RunState));

    public void Remove() => File.Delete(Location);
}

/// <param name="Pid">The process id of AppHost.</param>
/// <param name="Backing">What stands behind the connection strings: embedded, native or container.</param>
/// <param name="ApiKey">A key that the gateway accepts.</param>
/// <param name="DashboardUrl">The login link of Aspire's dashboard; null where it doesn't run.</param>
/// <param name="Resources">By name.</param>
internal sealed record RunState(int Pid, string Backing, string ApiKey, string? DashboardUrl, IReadOnlyDictionary<string, RunResource> Resources);

/// <param name="State">Aspire's word for it, such as Running; of a replicated resource that of the instance in the worst state.</param>
/// <param name="Health">Healthy, Unhealthy or Degraded; null before the first check.</param>
/// <param name="Urls">Where it listens; of a replicated service one for each instance.</param>
internal sealed record RunResource(string? State, string? Health, IReadOnlyList<string> Urls);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(RunState))]
internal sealed partial class RunFileJsonContext : JsonSerializerContext;
