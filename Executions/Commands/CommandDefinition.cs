using OsMEN.Executions.Catalog;
using OsMEN.Executions.Catalog.Parameters;
using OsMEN.Executions.Templates;

namespace OsMEN.Executions.Commands;

/// <summary>A prompt with parameters, as its YAML file (catalog/commands) declares it.</summary>
public sealed record CommandDefinition : ICatalogDefinition
{
    /// <summary>As for an agent: 1 to 64 of <c>a-z 0-9 _ -</c>. The file's name without its ending, unless the file says otherwise.</summary>
    public required string Id { get; init; }

    /// <summary>What it does, for people; at most 500 characters.</summary>
    public required string Description { get; init; }

    /// <summary>What its input has to be.</summary>
    public required ParameterSchema Parameters { get; init; }

    /// <summary>What is asked, with the parameters as <c>{{input.name}}</c>; see <see cref="Template"/>.</summary>
    public required string Prompt { get; init; }

    /// <summary>
    /// Who is asked: of an agent of the catalog only the id counts, and its own definition holds; null when the command brings its own
    /// instructions and model.
    /// </summary>
    public string? Agent { get; init; }

    /// <summary>Who answers where <see cref="Agent"/> is null.</summary>
    public required AgentDefinition Own { get; init; }

    /// <summary>JSON text of an input that shows what the command is for.</summary>
    public string? Example { get; init; }
    public string? Folder { get; init; }

    /// <summary>The prompt for an input, as JSON text; the input is one that <see cref="Parameters"/> allow.</summary>
    /// <exception cref="TemplateException">It asks for a parameter that is not there.</exception>
    public string Render(string input)
    {
        var data = new Dictionary<string, object?>(StringComparer.Ordinal) { ["input"] = CommandInput.Complete(Parameters, input) };
        return TemplateData.Json(Template.Parse(Prompt).Render(data));
    }
}
