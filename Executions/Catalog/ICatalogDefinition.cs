using System.Text.Json;

namespace OsMEN.Executions.Catalog;

/// <summary>What a file of the catalog declares.</summary>
public interface ICatalogDefinition
{
    /// <summary>Unique among its kind.</summary>
    string Id { get; }

    /// <summary>Folder of the file it came from; null when it came otherwise.</summary>
    string? Folder { get; }
}

/// <summary>Reads a definition from the JSON that its file is in YAML, or tells what is wrong with it.</summary>
/// <param name="id">Taken when the file has no <c>id</c>.</param>
internal delegate (T? Definition, IReadOnlyList<FieldError> Errors) DefinitionReader<T>(JsonElement root, string id, string folder)
    where T : class, ICatalogDefinition;
