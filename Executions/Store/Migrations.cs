using System.Globalization;

namespace OsMEN.Executions;

/// <summary>One numbered step of the schema, from an embedded <c>NNNN_name.sql</c>.</summary>
internal sealed record Migration(int Version, string Name, string Sql)
{
    /// <summary>All steps of a store in order, <paramref name="store"/> being the folder under Store.</summary>
    public static IReadOnlyList<Migration> For(string store)
    {
        var assembly = typeof(Migration).Assembly;
        var prefix = $"{assembly.GetName().Name}.Store.{store}.Migrations.";
        var found = new List<Migration>();
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith(prefix, StringComparison.Ordinal)))
        {
            var name = resource[prefix.Length..^".sql".Length];
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            found.Add(new Migration(int.Parse(name.AsSpan(0, 4), CultureInfo.InvariantCulture), name, reader.ReadToEnd()));
        }

        found.Sort((a, b) => a.Version.CompareTo(b.Version));
        return found;
    }

    /// <summary>The steps still to do; throws where the database is ahead of this build.</summary>
    public static IReadOnlyList<Migration> Pending(IReadOnlyList<Migration> all, int applied)
    {
        var known = all[^1].Version;
        return applied <= known
            ? [.. all.Where(m => m.Version > applied)]
            : throw new InvalidOperationException(
                $"The database's schema is at version {applied}, this build knows up to {known}: deploy a newer build, or restore a backup of version {known}.");
    }
}
