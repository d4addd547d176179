using System.Text.Json;
using OsMEN.Executions.Catalog;
using OsMEN.Executions.Commands;
using OsMEN.Executions.Templates;

namespace OsMEN.Executions.Workflows;

/// <summary>Reads a workflow from JSON, key by key what its YAML file holds. Reading is strict.</summary>
public static class WorkflowJson
{
    private const int MaxSteps = 100;

    /// <summary>Reads what was pinned: <see cref="WorkflowDefinition.Json"/>.</summary>
    /// <exception cref="InvalidOperationException">It is none that this build knows.</exception>
    public static WorkflowDefinition Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        var (definition, errors) = Read(document.RootElement, "", "");
        return definition ?? throw new InvalidOperationException($"The workflow cannot be read: {errors[0].Field} {errors[0].Message}");
    }

    internal static (WorkflowDefinition? Definition, IReadOnlyList<FieldError> Errors) Read(JsonElement root, string id, string folder)
    {
        var errors = new List<FieldError>();
        var fields = new JsonFields(root, "", errors);
        void Check(bool good, string field, string message)
        {
            if (!good)
                errors.Add(new(field, message));
        }

        var name = fields.Text("id") ?? id;
        Check(AgentValidation.IsId(name), "id", "must be 1 to 64 of a-z, 0-9, _ and -, and start with a letter or digit");
        var description = fields.Text("description") ?? "";
        Check(!string.IsNullOrWhiteSpace(description) && description.Length <= AgentValidation.MaxDescription, "description", $"is required, at most {AgentValidation.MaxDescription} characters");
        var timeout = fields.Duration("timeout") ?? TimeSpan.FromHours(24);
        Check(timeout >= TimeSpan.FromSeconds(1) && timeout <= TimeSpan.FromDays(30), "timeout", "must be 1s to 720h");
        var parameters = CatalogJson.Parameters(fields, errors);
        var example = CatalogJson.Example(fields, errors);
        var steps = ReadSteps(fields.Take("steps"), errors);
        var output = StepJson.Template(CatalogJson.Raw(fields, "output", errors), "output", errors);
        var schedules = ScheduleJson.Read(fields.Take("schedules"), example is not null, errors);
        fields.RefuseOthers();
        var ordered = errors.Count == 0 ? StepGraph.Order(steps, output, errors) : [];
        if (errors.Count == 0)
        {
            if (example is not null)
                errors.AddRange(CommandInput.Check(parameters!, example).Select(e => new FieldError($"example{e.Field["input".Length..]}", e.Message)));
            foreach (var (schedule, i) in schedules.Select((s, i) => (s, i)).Where(s => s.s.Input is not null))
                errors.AddRange(CommandInput.Check(parameters!, schedule.Input!).Select(e => new FieldError($"schedules[{i}].{e.Field}", e.Message)));
        }

        if (errors.Count > 0)
            return (null, errors);
        return (new WorkflowDefinition
        {
            Id = name,
            Description = description,
            Parameters = parameters!,
            Steps = ordered,
            Output = output,
            Timeout = timeout,
            Schedules = schedules,
            Example = example,
            Folder = folder.Length == 0 ? null : folder,
            Json = WithId(root, name),
        }, errors);
    }

    private static List<WorkflowStep> ReadSteps(JsonElement steps, List<FieldError> errors)
    {
        if (steps.ValueKind != JsonValueKind.Object || steps.GetPropertyCount() is 0 or > MaxSteps)
        {
            errors.Add(new("steps", $"is required: 1 to {MaxSteps} steps, each under its name"));
            return [];
        }

        return [.. steps.EnumerateObject().Select(s => StepJson.Read(s.Name, s.Value, errors))];
    }

    private static string WithId(JsonElement root, string id)
    {
        var fields = root.EnumerateObject().Where(p => p.Name != "id").ToDictionary(p => p.Name, p => TemplateData.Of(p.Value), StringComparer.Ordinal);
        return TemplateData.Json(new Dictionary<string, object?>(fields.Prepend(new("id", id)), StringComparer.Ordinal));
    }
}
