namespace OsMEN.Executions.Catalog;

/// <summary>Why a file of the catalog, or a part of it, was refused.</summary>
/// <param name="Path">The file.</param>
/// <param name="Line">Counted from 1; 0 when no line is to blame.</param>
/// <param name="Reason">A sentence for people, with the field's name.</param>
public sealed record CatalogProblem(string Path, int Line, string Reason)
{
    /// <summary>As compilers print it, so that editors can jump there: <c>path:line: reason</c>.</summary>
    public override string ToString() => Line > 0 ? $"{Path}:{Line}: {Reason}" : $"{Path}: {Reason}";
}
