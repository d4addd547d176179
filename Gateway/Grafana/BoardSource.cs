using System.Text.Json;
using System.Text.Json.Serialization;
using OsMEN.Executions.Catalog;
using YamlDotNet.Core;

namespace OsMEN.Gateway.Grafana;

/// <summary>A board as <c>monitoring/grafana/boards/</c> has it. An unknown field is an error.</summary>
/// <param name="Title">What stands after the solution's name.</param>
/// <param name="Description">What the board answers.</param>
/// <param name="Variables">Names of <see cref="BoardVariables"/>.</param>
/// <param name="Rows">From top to bottom.</param>
internal sealed record BoardSource(string Title, string Description, string[] Variables, RowSource[] Rows)
{
    /// <exception cref="FormatException">It is no board; the message names <paramref name="path"/>.</exception>
    public static BoardSource Read(string path, string text)
    {
        try
        {
            return YamlJson.Read(text).Root.Deserialize(BoardJsonContext.Default.BoardSource) ?? throw new FormatException($"{path} is empty");
        }
        catch (Exception e) when (e is YamlException or JsonException)
        {
            throw new FormatException($"{path}: {e.Message}", e);
        }
    }
}

/// <summary>Panels side by side; what does not fit goes below.</summary>
internal sealed record RowSource(string Title, PanelSource[] Panels);

/// <summary>A panel.</summary>
/// <param name="Title">Unique in its board.</param>
/// <param name="Type">Grafana's name of the visualization.</param>
/// <param name="Unit">Grafana's id of the unit.</param>
/// <param name="Description">What is shown, and why one looks.</param>
/// <param name="Query">For one query: the expression.</param>
/// <param name="Legend">Of <paramref name="Query"/>.</param>
/// <param name="Queries">For several.</param>
/// <param name="Datasource">prometheus, loki or postgres.</param>
/// <param name="Width">Columns of 24; by default the row is shared evenly.</param>
/// <param name="Height">Grid units; by default 4 for a stat or gauge, 8 for the rest.</param>
/// <param name="Thresholds">Colours from values on; green below the first.</param>
/// <param name="Values">health: 0, 1, 2 by name. up: 0, 1 by name.</param>
/// <param name="Exemplars">Shows points of single traces on the lines.</param>
/// <param name="Stack">Areas on top of each other.</param>
/// <param name="Link">The board that a click on a value leads to.</param>
/// <param name="Needs">An exporter that Prometheus has to scrape beside our services.</param>
/// <param name="Max">The end of the scale, which then begins at 0.</param>
/// <param name="Decimals">After the point.</param>
internal sealed record PanelSource(
    string Title,
    string Type,
    string Unit,
    string Description,
    string? Query = null,
    string? Legend = null,
    QuerySource[]? Queries = null,
    string Datasource = "prometheus",
    int? Width = null,
    int? Height = null,
    Dictionary<string, string>? Thresholds = null,
    string? Values = null,
    bool Exemplars = false,
    bool Stack = false,
    string? Link = null,
    string? Needs = null,
    double? Max = null,
    int? Decimals = null);

/// <summary>One query of a panel: PromQL, LogQL or SQL.</summary>
internal sealed record QuerySource(string Expr, string? Legend = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(BoardSource))]
internal sealed partial class BoardJsonContext : JsonSerializerContext;
