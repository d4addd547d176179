using System.Collections.Immutable;

namespace OsMEN.Executions.Catalog;

/// <summary>The definitions of a folder of YAML files, and what was wrong with those that are not there.</summary>
internal sealed record CatalogFiles<T>(ImmutableSortedDictionary<string, T> Definitions, IReadOnlyList<CatalogProblem> Problems)
    where T : class, ICatalogDefinition
{
    private const int MaxFiles = 10_000;

    /// <summary>Reads <c>*.yaml</c> and <c>*.yml</c>. A broken file is a problem; the rest loads.</summary>
    public static CatalogFiles<T> Read(string folder, DefinitionReader<T> reader)
    {
        var definitions = ImmutableSortedDictionary.CreateBuilder<string, T>(StringComparer.Ordinal);
        var problems = new List<CatalogProblem>();
        foreach (var path in Paths(folder, problems))
        {
            var (definition, wrong) = CatalogFile.ReadFile(path, reader);
            problems.AddRange(wrong);
            if (definition is null)
                continue;
            if (definitions.TryGetValue(definition.Id, out var other))
                problems.Add(new CatalogProblem(path, 1, $"id {definition.Id} is taken by another file in {other.Folder}"));
            else
                definitions.Add(definition.Id, definition);
        }

        return new CatalogFiles<T>(definitions.ToImmutable(), problems);
    }

    /// <summary>Differs when a file came, went or was written. Follows links: a file of a ConfigMap is a link that stays the same when its target changes.</summary>
    public static string Stamp(string folder)
    {
        try
        {
            return string.Join('|', Paths(folder, []).Select(p => (Path: p, File: new FileInfo(File.ResolveLinkTarget(p, returnFinalTarget: true)?.FullName ?? p)))
                .Select(f => $"{f.Path}:{f.File.Directory?.ResolveLinkTarget(returnFinalTarget: true)?.FullName}:{f.File.LastWriteTimeUtc.Ticks}:{f.File.Length}"));
        }
        catch (IOException)
        {
            // A file went between the listing and the look.
            return "changing";
        }
    }

    private static IEnumerable<string> Paths(string folder, List<CatalogProblem> problems)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder).Where(f => f.EndsWith(".yaml", StringComparison.Ordinal) || f.EndsWith(".yml", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Take(MaxFiles)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add(new CatalogProblem(folder, 0, $"cannot be read: {e.Message}"));
            return [];
        }
    }
}
