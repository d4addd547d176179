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
internal sealed record PanelSource(string Title, string Type, string Unit, string Description)
{
    /// <summary>For one query: the expression.</summary>
    public string? Query { get; init; }

    /// <summary>Of <see cref="Query"/>.</summary>
    public string? Legend { get; init; }

    /// <summary>For several.</summary>
    public QuerySource[] Queries { get; init; } = [];

    /// <summary>prometheus, loki or postgres.</summary>
    public string Datasource { get; init; } = "prometheus";

    /// <summary>Columns of 24; by default the row is shared evenly.</summary>
    public int? Width { get; init; }

    /// <summary>Grid units; by default 4 for a stat or gauge, 8 for the rest.</summary>
    public int? Height { get; init; }

    /// <summary>Colours from values on; green below the first.</summary>
    public Dictionary<string, string> Thresholds { get; init; } = [];

    /// <summary>health: 0, 1, 2 by name. up: 0, 1 by name.</summary>
    public string? Values { get; init; }

    /// <summary>Shows points of single traces on the lines.</summary>
    public bool Exemplars { get; init; }

    /// <summary>Areas on top of each other.</summary>
    public bool Stack { get; init; }

    /// <summary>The board that a click on a value leads to.</summary>
    public string? Link { get; init; }

    /// <summary>An exporter that Prometheus has to scrape beside our services.</summary>
    public string? Needs { get; init; }

    public double? Max { get; init; }

    public int? Decimals { get; init; }
}

/// <summary>One query of a panel: PromQL, LogQL or SQL.</summary>
internal sealed record QuerySource(string Expr, string? Legend = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(BoardSource))]
internal sealed partial class BoardJsonContext : JsonSerializerContext;
