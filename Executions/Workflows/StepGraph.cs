using OsMEN.Executions.Catalog;
using OsMEN.Executions.Templates;

namespace OsMEN.Executions.Workflows;

/// <summary>The order of a workflow's steps: each after those that it needs.</summary>
internal static class StepGraph
{
    /// <summary>The steps in their order; tells steps that need each other, and results that are asked for and cannot be there.</summary>
    public static IReadOnlyList<WorkflowStep> Order(IReadOnlyList<WorkflowStep> steps, ValueTemplate? output, List<FieldError> errors)
    {
        var byId = steps.ToDictionary(s => s.Id, StringComparer.Ordinal);
        foreach (var step in steps)
        {
            foreach (var (need, i) in step.Needs.Select((n, i) => (n, i)))
            {
                if (!byId.ContainsKey(need) || need == step.Id)
                    errors.Add(new($"steps.{step.Id}.needs[{i}]", need == step.Id ? "is the step itself" : $"is no step; there are: {string.Join(", ", byId.Keys)}"));
                else if (step.Needs.Take(i).Contains(need))
                    errors.Add(new($"steps.{step.Id}.needs[{i}]", "is listed twice"));
            }
        }

        if (errors.Count > 0)
            return [];
        var ordered = new List<WorkflowStep>(steps.Count);
        var before = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        while (ordered.Count < steps.Count)
        {
            var ready = steps.Where(s => !before.ContainsKey(s.Id) && s.Needs.All(before.ContainsKey)).ToArray();
            if (ready.Length == 0)
            {
                errors.Add(new("steps", $"need each other in a circle: {string.Join(", ", steps.Where(s => !before.ContainsKey(s.Id)).Select(s => s.Id))}"));
                return [];
            }

            foreach (var step in ready)
                before[step.Id] = [.. step.Needs, .. step.Needs.SelectMany(n => before[n])];
            ordered.AddRange(ready);
        }

        foreach (var step in ordered)
        {
            CheckReferences(step.Call?.Input?.Steps, $"steps.{step.Id}.input", before[step.Id], byId, errors);
            CheckReferences(step.Condition is { } c ? Template.StepsIn($"{{{{{c}}}}}") : null, $"steps.{step.Id}.if", before[step.Id], byId, errors);
            CheckReferences(step.Approval is { } a ? Template.StepsIn(a.Message) : null, $"steps.{step.Id}.approval.message", before[step.Id], byId, errors);
            CheckReferences(step.Compensate?.Input?.Steps, $"steps.{step.Id}.compensate.input", [.. before[step.Id], step.Id], byId, errors);
        }

        CheckReferences(output?.Steps, "output", [.. byId.Keys], byId, errors);
        return ordered;
    }

    private static void CheckReferences(
        IEnumerable<string>? references, string field, HashSet<string> before, Dictionary<string, WorkflowStep> byId, List<FieldError> errors)
    {
        foreach (var reference in references ?? [])
        {
            if (!byId.ContainsKey(reference))
                errors.Add(new(field, $"asks for steps.{reference}, and there is no such step"));
            else if (!before.Contains(reference))
                errors.Add(new(field, $"asks for steps.{reference}, which may not have ended: add it to needs"));
        }
    }
}
