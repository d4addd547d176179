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

    /// <summary>
    /// The steps still to do, in order: those that were not applied, also where one with a higher number was, as it may have come from another
    /// branch and gone in first.
    /// </summary>
    /// <exception cref="InvalidOperationException">The database has steps that this build does not know: a newer one made it.</exception>
    public static IReadOnlyList<Migration> Pending(IReadOnlyList<Migration> all, IReadOnlyCollection<int> applied)
    {
        var unknown = applied.Except(all.Select(m => m.Version)).Order().ToArray();
        return unknown.Length == 0
            ? [.. all.Where(m => !applied.Contains(m.Version))]
            : throw new InvalidOperationException(
                $"The database's schema has migrations that this build does not know ({string.Join(", ", unknown.Select(v => v.ToString("0000", CultureInfo.InvariantCulture)))}; its last is {all[^1].Name}): deploy the build that made them, or restore a backup from before.");
    }
}
