namespace OsMEN.AppHost.Running;

/// <summary>A key that the gateway accepts: the caller's first one, else the generated one.</summary>
internal static class AdminKey
{
    public const string ParameterName = "admin-key";
    public const string Setting = "OSMEN_API_KEYS";

    public static async ValueTask<string> ReadAsync(ParameterResource generated, CancellationToken cancellationToken) =>
        Environment.GetEnvironmentVariable(Setting) is { Length: > 0 } keys ? keys.Split(',', ':')[0].Trim() : $"osm_{await generated.GetValueAsync(cancellationToken)}";
}
