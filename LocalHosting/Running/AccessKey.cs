using OsMEN.LocalHosting.Backing;

namespace OsMEN.LocalHosting.Running;

/// <summary>The key to enter with: the first of those that a service is given as <c>OSMEN_API_KEYS</c> (<c>key[:role[:user]],…</c>).</summary>
internal static class AccessKey
{
    public static async Task<string?> FindAsync(IReadOnlyList<ResourceProgram> programs, CancellationToken cancellationToken)
    {
        foreach (var project in programs.OfType<ProjectProgram>())
        {
            var environment = await project.EnvironmentAsync(0, cancellationToken);
            if (environment.TryGetValue("OSMEN_API_KEYS", out var keys) && keys.Split(',', ':')[0].Trim() is { Length: > 0 } key)
                return key;
        }

        return null;
    }
}
