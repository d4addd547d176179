using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Executions.Commands;
using OsMEN.Executions.Templates;
using OsMEN.Executions.Workflows;

namespace OsMEN.Tests.Workflows;

public sealed class WorkflowFileTests
{
    public static TheoryData<string, string> Faults => new()
    {
        { "steps: {}", "1: description is required, at most 500 characters" },
        { "description: d\nsteps: {}", "2: steps is required: 1 to 100 steps, each under its name" },
        { "description: d\nsteps:\n  a: {}", "3: steps.a must have one of agent, command and approval" },
        { "description: d\nsteps:\n  a: {agent: x, command: y}", "3: steps.a must have one of agent, command and approval" },
        { "description: d\nsteps:\n  a: {agent: x, needs: [b]}", "3: steps.a.needs[0] is no step; there are: a" },
        { "description: d\nsteps:\n  a: {agent: x, needs: [a]}", "3: steps.a.needs[0] is the step itself" },
        { "description: d\nsteps:\n  a: {agent: x, needs: [b]}\n  b: {agent: x, needs: [a]}", "2: steps need each other in a circle: a, b" },
        { "description: d\nsteps:\n  a: {agent: x}\n  b: {agent: x, input: {text: '{{steps.a.output}}'}}", "4: steps.b.input asks for steps.a, which may not have ended: add it to needs" },
        { "description: d\nsteps:\n  a: {agent: x, if: eq steps.z.status 'FAILED'}", "3: steps.a.if asks for steps.z, and there is no such step" },
        { "description: d\nsteps:\n  a: {agent: x, if: '{{input.a}}'}", "3: steps.a.if must be a condition such as: eq steps.triage.output.urgency 'high'" },
        { "description: d\nsteps:\n  a: {agent: x, input: {text: '{{#if}'}}", "3: steps.a.input is no template: Reached unparseable token" },
        { "description: d\nsteps:\n  a: {agent: x, on_failure: ignore}", "3: steps.a.on_failure must be fail or continue" },
        { "description: d\nsteps:\n  a: {agent: x, retry: {max_attempts: 0}}", "3: steps.a.retry.max_attempts must be 1 to 20" },
        { "description: d\nsteps:\n  a: {agent: x, timeout: 25h}", "3: steps.a.timeout must be 1s to 24h" },
        { "description: d\nsteps:\n  a: {approval: {message: ok?, role: boss}}", "3: steps.a.approval.role must be one of: user, operator, admin" },
        { "description: d\nsteps:\n  a: {approval: {message: ok?}, timeout: 1m}", "3: steps.a.timeout is for steps that run something" },
        { "description: d\nsteps:\n  a: {agent: x}\nschedules: [{cron: '0 7 * * *'}]", "4: schedules[0].input is required where the workflow has no example" },
        { "description: d\nsteps:\n  a: {agent: x}\nschedules: [{cron: '0 7 * * *', time_zone: Mars/Olympus, input: {}}]", "4: schedules[0].time_zone must be a time zone's name, such as Europe/Berlin" },
        { "description: d\nsteps:\n  a: {agent: x}\nschedules: [{cron: '0 7 * * *', input: {}, catchup_window: 9s}]", "4: schedules[0].catchup_window must be 10s to 8760h" },
        { "description: d\nsteps:\n  a: {agent: x}\nschedules: [{cron: '0 7 30 2 *', input: {}}]", "4: schedules[0].cron never comes, such as 30 February" },
        { "description: d\nsteps:\n  a: {agent: x, if: eq input.n}", "3: steps.a.if eq takes 2 arguments, not 1" },
        { "description: d\nsteps:\n  a: {agent: x, if: equals input.n 1}", "3: steps.a.if equals is no helper; there are: eq, ne," },
        { "description: d\nsteps:\n  a: {agent: x, if: inputs.n}", "3: steps.a.if inputs.n is neither of input, steps nor execution" },
        { "description: d\nsteps:\n  a: {agent: x, input: {text: '{{#if (and (eq input.n 1) (not))}}x{{/if}}'}}", "3: steps.a.input not takes 1 argument, not 0" },
        { "description: d\nsteps:\n  a: {agent: x}\nparameters: {type: object, required: [n]}\nexample: {}", "5: example.n is required" },
        { "description: d\nsteps:\n  a: {agent: x}\nstep: {}", "4: step is no known key; there are: id, description, timeout, parameters, example, steps, output, schedules" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_is_told_with_its_line(string yaml, string problem) => Assert.Contains(WorkflowFiles.Problems(yaml), p => p.StartsWith(problem, StringComparison.Ordinal));

    [Fact]
    public void A_cron_expression_that_is_none_is_told() => Assert.StartsWith(
        "4: schedules[0].cron must be minute, hour, day of month, month and day of week, such as 30 7 * * 1-5: ",
        Assert.Single(WorkflowFiles.Problems("description: d\nsteps:\n  a: {agent: x}\nschedules: [{cron: '61 7 * * *', input: {}}]")), StringComparison.Ordinal);

    [Fact]
    public void A_file_that_would_be_read_for_ever_is_a_fault_like_any_other() => Assert.Equal(
        ["1: takes too long to read: has it very many '{{'?"],
        WorkflowFiles.Problems($"description: d\nsteps:\n  a: {{agent: x, input: {{t: '{string.Concat(Enumerable.Repeat("{{a ", 60_000))}'}}}}"));

    [Fact]
    public void Steps_come_after_those_that_they_need()
    {
        var workflow = WorkflowFiles.Read("description: d\nsteps:\n  c: {agent: x, needs: [b]}\n  b: {command: y, needs: [a]}\n  a: {approval: {message: ok?}}");
        Assert.Equal([("a", StepKind.Approval), ("b", StepKind.Command), ("c", StepKind.Agent)], workflow.Steps.Select(s => (s.Id, s.Kind)));
    }

    [Fact]
    public void What_was_pinned_is_read_as_it_was()
    {
        const string yaml = """
            description: d
            parameters: {type: object, properties: {n: {type: integer, default: 3}}}
            timeout: 2h
            steps:
              a: {agent: x, input: {n: "{{input.n}}"}, retry: {max_attempts: 4}, timeout: 5m, if: input.n, compensate: {command: undo}}
              b: {approval: {message: "ok {{steps.a.status}}?", role: admin, timeout: 3h}, needs: [a], on_failure: continue}
            output: {all: "{{steps.a.output}}"}
            schedules: [{cron: "30 7 * * 1-5", time_zone: Europe/Berlin, input: {n: 1}, user: ana, catchup_window: 12h}]
            """;
        var read = WorkflowFiles.Read(yaml);
        var again = WorkflowJson.Read(read.Json);
        Assert.Equal(read.Json, again.Json);
        Assert.Equal("test", again.Id);
        Assert.Equal(read.Steps.Select(s => s with { Call = null, Compensate = null, Needs = [] }), again.Steps.Select(s => s with { Call = null, Compensate = null, Needs = [] }));
        Assert.Equal(read.Schedules, again.Schedules);
        Assert.Equal((read.Timeout, read.Output!.Json), (again.Timeout, again.Output!.Json));
    }

    [Fact]
    public void All_that_is_shipped_can_be_read_and_names_what_is_there()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "catalog");
        var agents = CatalogFiles<AgentDefinition>.Read(Path.Combine(folder, "agents"), AgentJson.ReadFile);
        var commands = CatalogFiles<CommandDefinition>.Read(Path.Combine(folder, "commands"), CommandJson.Read);
        var workflows = CatalogFiles<WorkflowDefinition>.Read(Path.Combine(folder, "workflows"), WorkflowJson.Read);
        Assert.Empty(commands.Problems.Concat(workflows.Problems));
        Assert.InRange(workflows.Definitions.Count, 3, 100);
        Assert.InRange(commands.Definitions.Count, 3, 100);
        Assert.All([.. commands.Definitions.Values.Select(c => c.Example), .. workflows.Definitions.Values.Select(w => w.Example)], Assert.NotNull);
        Assert.All(commands.Definitions.Values, c => Assert.Contains(TemplateData.Parse(c.Render(c.Example!)) as string ?? "", t => char.IsLetter(t)));
        foreach (var call in workflows.Definitions.Values.SelectMany(w => w.Steps).SelectMany(s => new[] { s.Call, s.Compensate }).OfType<StepCall>())
            Assert.True(call.Kind == ExecutionKind.Agent ? agents.Definitions.ContainsKey(call.Target) : commands.Definitions.ContainsKey(call.Target), call.Target);
    }

    [Theory]
    [InlineData("30 7 * * 1-5", "Europe/Berlin", "2026-10-23T12:00:00Z", "2026-10-26T06:30:00Z")]
    [InlineData("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z")]
    [InlineData("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z")]
    [InlineData("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")]
    [InlineData("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z")]
    [InlineData("0 0 13 * 5", "UTC", "2026-12-11T12:00:00Z", "2026-12-13T00:00:00Z")]
    [InlineData("0 0 1 * *", "UTC", "2026-11-21T00:00:00Z", "2026-12-01T00:00:00Z")]
    [InlineData("*/15 * * * 0", "America/New_York", "2026-11-21T23:59:00Z", "2026-11-22T05:00:00Z")]
    public void A_schedule_is_due_by_the_clocks_of_its_time_zone(string cron, string zone, string after, string due) => Assert.Equal(
        DateTimeOffset.Parse(due, System.Globalization.CultureInfo.InvariantCulture),
        new WorkflowSchedule(cron, zone, null, "u").Next(DateTimeOffset.Parse(after, System.Globalization.CultureInfo.InvariantCulture)));
}
