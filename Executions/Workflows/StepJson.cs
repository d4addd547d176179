using System.Text.Json;
using OsMEN.Executions.Catalog;
using OsMEN.Executions.Templates;

namespace OsMEN.Executions.Workflows;

/// <summary>Reads one step of a workflow.</summary>
internal static class StepJson
{
    private static readonly string[] Roles = ["user", "operator", "admin"];

    public static WorkflowStep Read(string id, JsonElement element, List<FieldError> errors)
    {
        var path = $"steps.{id}";
        var fields = new JsonFields(element, path + ".", errors);
        void Check(bool good, string field, string message)
        {
            if (!good)
                errors.Add(new(field.Length == 0 ? path : $"{path}.{field}", message));
        }

        Check(element.ValueKind == JsonValueKind.Object, "", "must be an object with agent, command or approval");
        Check(AgentValidation.IsId(id), "", "must be named with 1 to 64 of a-z, 0-9, _ and -, and start with a letter or digit");
        var approval = ReadApproval(fields.Take("approval"), path, errors);
        var (agent, command) = (fields.Text("agent"), fields.Text("command"));
        Check(new object?[] { agent, command, approval }.Count(k => k is not null) == 1, "", "must have one of agent, command and approval");
        var input = Template(CatalogJson.Raw(fields, "input", errors, $"{path}.input"), $"{path}.input", errors);
        var retry = new JsonFields(fields.Take("retry"), $"{path}.retry.", errors);
        var attempts = retry.Integer("max_attempts", int.MaxValue);
        retry.RefuseOthers();
        Check(attempts is null or (>= 1 and <= 20), "retry.max_attempts", "must be 1 to 20");
        var timeout = fields.Duration("timeout");
        Check(timeout is null || (timeout >= TimeSpan.FromSeconds(1) && timeout <= TimeSpan.FromHours(24)), "timeout", "must be 1s to 24h");
        var onFailure = fields.Text("on_failure") ?? "fail";
        Check(onFailure is "fail" or "continue", "on_failure", "must be fail or continue");
        var condition = fields.Text("if");
        if (condition is not null)
            Try(() => Templates.Template.ParseCondition(condition), $"{path}.if", errors);
        var compensate = ReadCompensation(fields.Take("compensate"), path, errors);
        var needs = fields.Texts("needs");
        fields.RefuseOthers();
        foreach (var field in approval is null ? [] : (string[])["input", "retry", "timeout", "compensate"])
            Check(!element.TryGetProperty(field, out _), field, "is for steps that run something");
        return new WorkflowStep
        {
            Id = id,
            Kind = approval is not null ? StepKind.Approval : command is not null ? StepKind.Command : StepKind.Agent,
            Call = approval is null ? Call(agent, command, input, path, errors) : null,
            Approval = approval,
            Needs = needs,
            Condition = condition,
            MaxAttempts = (int?)attempts,
            Timeout = timeout,
            ContinueOnFailure = onFailure == "continue",
            Compensate = compensate,
        };
    }

    /// <summary>A value whose texts are templates; null where there is none or it is none.</summary>
    public static ValueTemplate? Template(string? json, string field, List<FieldError> errors) =>
        json is null ? null : Try(() => ValueTemplate.Parse(json), field, errors);

    private static StepCall? ReadCompensation(JsonElement element, string path, List<FieldError> errors)
    {
        if (element.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            return null;
        path += ".compensate";
        var fields = new JsonFields(element, path + ".", errors);
        var (agent, command) = (fields.Text("agent"), fields.Text("command"));
        if (agent is null == command is null)
            errors.Add(new(path, "must have one of agent and command"));
        var input = Template(CatalogJson.Raw(fields, "input", errors, $"{path}.input"), $"{path}.input", errors);
        fields.RefuseOthers();
        return Call(agent, command, input, path, errors);
    }

    private static StepCall? Call(string? agent, string? command, ValueTemplate? input, string path, List<FieldError> errors)
    {
        if ((agent ?? command) is not { } target)
            return null;
        if (!AgentValidation.IsId(target))
            errors.Add(new($"{path}.{(agent is null ? "command" : "agent")}", "must be the id of one of the catalog"));
        return new StepCall(agent is null ? ExecutionKind.Command : ExecutionKind.Agent, target, input);
    }

    private static StepApproval? ReadApproval(JsonElement element, string path, List<FieldError> errors)
    {
        if (element.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            return null;
        path += ".approval";
        var fields = new JsonFields(element, path + ".", errors);
        var message = fields.Text("message") ?? "";
        if (string.IsNullOrWhiteSpace(message))
            errors.Add(new($"{path}.message", "is required: what is to be decided"));
        else
            Try(() => Templates.Template.Parse(message), $"{path}.message", errors);
        var role = fields.Text("role") ?? "operator";
        if (!Roles.Contains(role))
            errors.Add(new($"{path}.role", $"must be one of: {string.Join(", ", Roles)}"));
        var timeout = fields.Duration("timeout") ?? TimeSpan.FromHours(24);
        if (timeout < TimeSpan.FromSeconds(1) || timeout > TimeSpan.FromDays(30))
            errors.Add(new($"{path}.timeout", "must be 1s to 720h"));
        fields.RefuseOthers();
        return new StepApproval(message, role, timeout);
    }

    private static T? Try<T>(Func<T> parse, string field, List<FieldError> errors)
        where T : class
    {
        try
        {
            return parse();
        }
        catch (TemplateException e)
        {
            errors.Add(new(field, e.Message));
            return null;
        }
    }
}
