using System.Text.Json;
using System.Text.Json.Serialization;

namespace OsMEN.LocalHosting.Running;

/// <summary><c>.osmen/run.json</c>: what runs, for tools. There while AppHost runs.</summary>
internal sealed class RunFile(string path) : IDisposable
{
    private readonly Lock _lock = new();
    private bool _removed;

    public void Write(RunState state)
    {
        lock (_lock)
        {
            if (!_removed)
                LocalFolder.WritePrivate(path, JsonSerializer.SerializeToUtf8Bytes(state, RunFileJsonContext.Default.RunState));
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _removed = true;
            File.Delete(path);
        }
    }
}

/// <summary>A running application.</summary>
internal sealed record RunState
{
    public required int Pid { get; init; }

    public required string? ApiKey { get; init; }

    public required string? DashboardUrl { get; init; }

    public required IReadOnlyDictionary<string, RunResource> Resources { get; init; }
}

/// <summary>A resource of a running application.</summary>
internal sealed record RunResource(string State, string? Health, IReadOnlyList<string> Urls);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(RunState))]
[JsonSerializable(typeof(SortedDictionary<string, string>))]
internal sealed partial class RunFileJsonContext : JsonSerializerContext;
