using System.Text;
using System.Text.Json;
using OsMEN.Executions.Catalog;
using OsMEN.Executions.Templates;

namespace OsMEN.Executions.Commands;

/// <summary>A command as JSON: what the API shows, and, key by key, what the YAML files hold. Reading is strict.</summary>
public static class CommandJson
{
    private const string Instructions = "You do what you are asked, exactly and only that.";

    /// <summary>Reads and validates what a file holds.</summary>
    internal static (CommandDefinition? Definition, IReadOnlyList<FieldError> Errors) Read(JsonElement root, string id, string folder)
    {
        var errors = new List<FieldError>();
        var fields = new JsonFields(root, "", errors);
        var limits = new JsonFields(fields.Take("limits"), "limits.", errors);
        var agent = fields.Text("agent");
        var (instructions, model, fallback) = (fields.Text("instructions"), fields.Text("model"), fields.Texts("fallback"));
        var defaults = new AgentLimits();
        var own = new AgentDefinition
        {
            Id = fields.Text("id") ?? id,
            Description = fields.Text("description") ?? "",
            Instructions = instructions ?? Instructions,
            Model = model,
            Fallback = fallback,
            Limits = new AgentLimits
            {
                Timeout = limits.Duration("timeout") ?? defaults.Timeout,
                MaxAttempts = (int?)limits.Integer("max_attempts", int.MaxValue) ?? defaults.MaxAttempts,
                MaxTokens = limits.Integer("max_tokens", long.MaxValue) ?? defaults.MaxTokens,
                MaxOutputTokens = (int?)limits.Integer("max_output_tokens", int.MaxValue),
            },
            Example = CatalogJson.Example(fields, errors),
        };
        errors.AddRange(AgentValidation.Validate(own));
        if (agent is not null && !AgentValidation.IsId(agent))
            errors.Add(new("agent", "must be the id of an agent"));
        if (agent is not null && (instructions is not null || model is not null || fallback.Count > 0))
            errors.Add(new("agent", "brings its own instructions and model: leave them out here"));
        var prompt = fields.Text("prompt") ?? "";
        CheckPrompt(prompt, errors);
        var parameters = CatalogJson.Parameters(fields, errors);
        fields.RefuseOthers();
        limits.RefuseOthers();
        if (errors.Count == 0 && own.Example is { } example)
            errors.AddRange(CommandInput.Check(parameters!, example).Select(e => new FieldError($"example{e.Field["input".Length..]}", e.Message)));
        if (errors.Count > 0)
            return (null, errors);
        return (new CommandDefinition
        {
            Id = own.Id, Description = own.Description, Parameters = parameters!, Prompt = prompt, Agent = agent, Own = own, Example = own.Example, Folder = folder,
        }, errors);
    }

    /// <summary>The command as one JSON object.</summary>
    public static string Write(CommandDefinition command)
    {
        ArgumentNullException.ThrowIfNull(command);
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("id", command.Id);
            writer.WriteString("description", command.Description);
            if (command.Agent is { } agent)
                writer.WriteString("agent", agent);
            else if (command.Own.Model is { } model)
                writer.WriteString("model", model);
            writer.WriteString("prompt", command.Prompt);
            writer.WritePropertyName("parameters");
            command.Parameters.Json.WriteTo(writer);
            CatalogJson.WriteRaw(writer, "example", command.Example);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static void CheckPrompt(string prompt, List<FieldError> errors)
    {
        if (string.IsNullOrWhiteSpace(prompt))
        {
            errors.Add(new("prompt", "is required"));
            return;
        }

        try
        {
            Template.Parse(prompt);
        }
        catch (TemplateException e)
        {
            errors.Add(new("prompt", e.Message));
        }
    }
}
