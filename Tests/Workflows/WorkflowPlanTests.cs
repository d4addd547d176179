using System.Globalization;
using OsMEN.Executions;
using OsMEN.Executions.Workflows;

namespace OsMEN.Tests.Workflows;

/// <summary>What a workflow does next, without database or worker: a world in which the test says how each step ends.</summary>
public sealed class WorkflowPlanTests
{
    [Fact]
    public void Steps_that_need_nothing_start_together_and_the_rest_when_what_they_need_has_ended()
    {
        var world = new World("""
            description: d
            steps:
              a: {agent: x, input: {n: "{{input.n}}"}}
              b: {agent: x}
              c: {agent: x, needs: [a, b], input: {a: "{{steps.a.output.v}}", both: "{{steps.a.output.v}}{{steps.b.output.v}}"}}
            """, """{"n":1}""");
        Assert.Equal(["a {\"n\":1}", "b {\"n\":1}"], world.Started());
        world.End("b", ExecutionStatus.Completed, """{"v":2}""");
        Assert.Empty(world.Started());
        world.End("a", ExecutionStatus.Completed, """{"v":[1]}""");
        Assert.Equal(["""c {"a":[1],"both":"[1]2"}"""], world.Started());
        world.End("c", ExecutionStatus.Completed, "7");
        Assert.Equal(new AttemptEnd(ExecutionStatus.Completed, "7"), world.Plan().End);
    }

    [Fact]
    public void A_skipped_step_skips_those_that_need_it_unless_their_condition_decides()
    {
        var world = new World("""
            description: d
            steps:
              a: {agent: x, if: eq input.n 2}
              b: {agent: x, needs: [a]}
              c: {agent: x, needs: [a, b], if: eq steps.b.status 'SKIPPED'}
            """, """{"n":1}""");
        Assert.Equal(["""c {"n":1}"""], world.Started());
        Assert.Equal([StepStatus.Skipped, StepStatus.Skipped, StepStatus.Running], world.Plan().States.Select(s => s.Status));
    }

    [Fact]
    public void A_failed_step_fails_the_workflow_once_what_runs_is_cancelled_and_what_was_done_is_undone()
    {
        var world = new World("""
            description: d
            steps:
              book: {agent: x, compensate: {agent: cancel, input: {ref: "{{steps.book.output.ref}}"}}}
              pay: {agent: x, needs: [book], compensate: {command: refund}}
              slow: {agent: x}
              ship: {agent: x, needs: [pay]}
              after: {agent: x, needs: [ship, slow]}
            """);
        world.Started();
        world.End("book", ExecutionStatus.Completed, """{"ref":"r1"}""");
        Assert.Equal(["pay {}"], world.Started());
        world.End("pay", ExecutionStatus.Completed, "1");
        Assert.Equal(["ship {}"], world.Started());
        world.End("ship", ExecutionStatus.Failed, error: new ExecutionError("Closed", "no courier"));
        var plan = world.Plan();
        Assert.Equal([world.Child("slow").Id], plan.Cancels);
        Assert.Equal((0, null), (plan.Starts.Count, plan.End));
        world.End("slow", ExecutionStatus.Cancelled);
        Assert.Equal(["undo pay {}"], world.Started());
        Assert.Null(world.Plan().End);
        world.End("undo pay", ExecutionStatus.Completed, "1");
        Assert.Equal(["undo book {\"ref\":\"r1\"}"], world.Started());
        world.End("undo book", ExecutionStatus.Failed, error: new ExecutionError("X", "no answer"));
        plan = world.Plan();
        Assert.Equal(new AttemptEnd(ExecutionStatus.Failed, Error: new ExecutionError("StepFailed", "Step ship: Closed: no courier Not undone: book: no answer")), plan.End);
        Assert.Equal(StepStatus.Skipped, plan.States.Single(s => s.Step.Id == "after").Status);
    }

    [Fact]
    public void A_workflow_can_go_on_after_a_step_that_failed()
    {
        var world = new World("""
            description: d
            steps:
              a: {agent: x, on_failure: continue}
              b: {agent: x, needs: [a], input: {was: "{{steps.a.error.type}}"}}
            """);
        world.Started();
        world.End("a", ExecutionStatus.Failed, error: new ExecutionError("Timeout", "slow"));
        Assert.Equal(["""b {"was":"Timeout"}"""], world.Started());
        world.End("b", ExecutionStatus.Completed, "{}");
        Assert.Equal(ExecutionStatus.Completed, world.Plan().End!.Status);
    }

    [Fact]
    public void A_decision_is_asked_for_once_and_approves_refuses_or_expires()
    {
        const string yaml = """
            description: d
            steps:
              ok: {approval: {message: "Send {{input.n}}?", timeout: 1h}}
              go: {agent: x, needs: [ok], input: {by: "{{steps.ok.output.by}}"}}
            """;
        var approved = new World(yaml, """{"n":1}""");
        Assert.Empty(approved.Started());
        Assert.Equal(("Send 1?", "operator", approved.Now.AddHours(1)), approved.Asked("ok") is var a ? (a.Message, a.Role, a.ExpiresAt) : default);
        Assert.Equal((0, approved.Now.AddHours(1)), (approved.Plan().Asks.Count, approved.Plan().LookAgainAt));
        approved.Decide("ok", true);
        Assert.Equal(["""go {"by":"ana"}"""], approved.Started());

        var refused = new World(yaml, """{"n":1}""");
        refused.Started();
        refused.Decide("ok", false);
        Assert.Equal(new ExecutionError("StepFailed", "Step ok: Refused: ana refused: not today"), refused.Plan().End!.Error);

        var expired = new World(yaml, """{"n":1}""");
        expired.Started();
        expired.Now = expired.Now.AddHours(1);
        Assert.Equal(new ExecutionError("StepFailed", $"Step ok: ApprovalExpired: Nobody decided until {expired.Now:u}."), expired.Plan().End!.Error);
    }

    [Fact]
    public void A_workflow_that_takes_too_long_is_ended_and_undone()
    {
        var world = new World("description: d\ntimeout: 10m\nsteps:\n  a: {agent: x, compensate: {agent: y}}\n  b: {agent: x, needs: [a]}");
        world.Started();
        world.End("a", ExecutionStatus.Completed, "1");
        world.Started();
        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 10, 0, TimeSpan.Zero), world.Plan().LookAgainAt);
        world.Now = world.Plan().LookAgainAt!.Value;
        Assert.Equal([world.Child("b").Id], world.Plan().Cancels);
        world.End("b", ExecutionStatus.Cancelled);
        Assert.Equal(["undo a {}"], world.Started());
        world.End("undo a", ExecutionStatus.Completed, "1");
        Assert.Equal((ExecutionStatus.TimedOut, "Timeout"), (world.Plan().End!.Status, world.Plan().End!.Error!.Type));
    }

    [Fact]
    public void A_template_that_cannot_be_filled_in_fails_its_step_and_names_what_is_missing()
    {
        var world = new World("description: d\nsteps:\n  a: {agent: x}\n  b: {agent: x, needs: [a], input: {t: \"{{steps.a.output.urgency}}\"}}");
        world.Started();
        world.End("a", ExecutionStatus.Completed, "{}");
        Assert.Equal(
            new ExecutionError("StepFailed", "Step b: Template: The template '{{steps.a.output.urgency}}' cannot be filled in: urgency is not there."), world.Plan().End!.Error);
    }

    [Fact]
    public void A_workflow_that_fails_by_a_template_says_so_also_once_what_ran_beside_it_was_cancelled()
    {
        var world = new World("description: d\nsteps:\n  a: {agent: x}\n  slow: {agent: x}\n  b: {agent: x, needs: [a], input: {t: \"{{steps.a.output.urgency}}\"}}");
        world.Started();
        world.End("a", ExecutionStatus.Completed, "{}");
        Assert.Equal([world.Child("slow").Id], world.Plan().Cancels);
        world.End("slow", ExecutionStatus.Cancelled);
        Assert.Equal(
            new ExecutionError("StepFailed", "Step b: Template: The template '{{steps.a.output.urgency}}' cannot be filled in: urgency is not there."), world.Plan().End!.Error);
    }

    [Fact]
    public void A_workflow_that_failed_in_time_has_failed_however_long_the_undoing_takes()
    {
        var world = new World("description: d\ntimeout: 10m\nsteps:\n  a: {agent: x, compensate: {agent: y}}\n  b: {agent: x, needs: [a]}");
        world.Started();
        world.End("a", ExecutionStatus.Completed, "1");
        world.Started();
        world.End("b", ExecutionStatus.Failed, error: new ExecutionError("Odd", "not today"));
        Assert.Equal(["undo a {}"], world.Started());
        world.Now = world.Now.AddHours(1);
        Assert.Null(world.Plan().End);
        world.End("undo a", ExecutionStatus.Completed, "1");
        Assert.Equal(new AttemptEnd(ExecutionStatus.Failed, Error: new ExecutionError("StepFailed", "Step b: Odd: not today")), world.Plan().End);
    }

    [Fact]
    public void A_workflow_whose_steps_ended_in_time_has_completed_however_late_a_worker_looks()
    {
        var world = new World("description: d\ntimeout: 10m\nsteps:\n  a: {agent: x}\n  b: {agent: x, needs: [a], if: 'eq 1 2'}");
        world.Started();
        world.End("a", ExecutionStatus.Completed, "7");
        world.Now = world.Now.AddHours(1);
        Assert.Equal((ExecutionStatus.Completed, "{\"b\":null}"), (world.Plan().End!.Status, world.Plan().End!.Output));
    }

    [Fact]
    public void An_output_is_parsed_once_however_many_steps_become_ready_by_it()
    {
        var world = new World("description: d\nsteps:\n  a: {agent: x}\n" + string.Concat(Enumerable.Range(0, 60).Select(i => $"  s{i}: {{agent: x, needs: [a], input: {{t: \"{{{{steps.a.output.n}}}}\"}}}}\n")));
        world.Started();
        world.End("a", ExecutionStatus.Completed, $$"""{"n":1,"text":"{{new string('x', 500_000)}}"}""");
        world.Plan();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(60, world.Plan().Starts.Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000_000);
    }

    [Fact]
    public void Json_in_a_models_text_can_be_read()
    {
        var world = new World("description: d\nsteps:\n  a: {agent: x}\n  b: {agent: x, needs: [a], if: eq steps.a.json.urgency 'high'}");
        world.Started();
        world.End("a", ExecutionStatus.Completed, """{"text":"Here it is:\n```json\n{\"urgency\": \"high\"}\n```"}""");
        Assert.Equal(["b {}"], world.Started());
    }

    // Workflows of any shape, whose steps end in any order and any way, and whose worker forgets at any moment what it was about to do.
    [Fact]
    public void Every_workflow_ends_and_no_step_starts_twice_or_before_what_it_needs()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var world = new World(RandomYaml(random));
            var moves = 0;
            while (world.Plan().End is null)
            {
                Assert.True(moves++ < 500, $"seed {seed} goes on for ever");
                var plan = world.Plan();
                foreach (var start in plan.Starts)
                {
                    // What it needs has ended, and it is new. A worker that dies after some of its starts leaves the others to the next.
                    Assert.All(start.Name.StartsWith("undo ", StringComparison.Ordinal) ? [] : start.Step.Needs, n => Assert.True(plan.States.Single(s => s.Step.Id == n).HasEnded));
                    if (random.Next(3) > 0)
                        world.Start(start);
                }

                foreach (var ask in plan.Asks.Where(_ => random.Next(3) > 0))
                    world.Ask(ask);
                foreach (var cancelled in plan.Cancels.Where(_ => random.Next(2) > 0))
                    world.End(world.Running.Single(r => r.Id == cancelled).Step!, ExecutionStatus.Cancelled);
                if (world.Running.ToArray() is { Length: > 0 } running && random.Next(2) > 0)
                    world.End(running[random.Next(running.Length)].Step!, random.Next(6) == 0 ? ExecutionStatus.Failed : ExecutionStatus.Completed, "{}", new ExecutionError("X", "y"));
                if (world.Open.ToArray() is { Length: > 0 } open && random.Next(2) > 0)
                    world.Decide(open[random.Next(open.Length)], random.Next(6) > 0);
            }

            Assert.Empty(world.Running);
            if (world.Plan().End!.Status == ExecutionStatus.Completed)
                Assert.All(world.Plan().States, s => Assert.True(s.HasEnded));
            else
                Assert.All(world.Plan().States.Where(s => s is { Status: StepStatus.Completed, Step.Compensate: not null }), s => Assert.NotNull(s.Compensation));
        }
    }

    private static string RandomYaml(Random random)
    {
        var steps = Enumerable.Range(0, random.Next(1, 12)).Select(i =>
        {
            var needs = string.Join(", ", Enumerable.Range(0, i).Where(_ => random.Next(3) == 0).Select(n => $"s{n}"));
            var what = random.Next(5) == 0 ? "approval: {message: ok}" : random.Next(3) == 0 ? "agent: x, compensate: {agent: y}" : "command: z";
            var condition = random.Next(5) == 0 ? ", if: 'eq 1 2'" : random.Next(5) == 0 ? ", if: always" : "";
            return $"  s{i}: {{{what}, needs: [{needs}]{condition}{(random.Next(4) == 0 ? ", on_failure: continue" : "")}}}";
        });
        return "description: d\nsteps:\n" + string.Join('\n', steps);
    }

    private sealed class World(string yaml, string input = "{}")
    {
        private readonly WorkflowDefinition _definition = WorkflowFiles.Read(yaml);
        private readonly Dictionary<string, Execution> _children = new(StringComparer.Ordinal);
        private readonly Dictionary<string, Approval> _approvals = new(StringComparer.Ordinal);
        private readonly Guid _id = Guid.CreateVersion7();

        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public IEnumerable<Execution> Running => _children.Values.Where(c => c.Status == ExecutionStatus.Running);

        public IEnumerable<string> Open => _approvals.Values.Where(a => a.Approved is null).Select(a => a.Step);

        public WorkflowPlan Plan() => WorkflowPlan.For(new WorkflowRun(_definition, New(_id, "test", null, input) with { StartedAt = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero) }, _children, _approvals), Now);

        /// <summary>Does what the plan says, and tells what was started.</summary>
        public string[] Started()
        {
            var plan = Plan();
            foreach (var ask in plan.Asks)
                Ask(ask);
            foreach (var start in plan.Starts)
                Start(start);
            return [.. plan.Starts.Select(s => $"{s.Name} {s.Input}")];
        }

        public void Start(StepStart start) => _children.Add(start.Name, New(Guid.CreateVersion7(), start.Call.Target, start.Name, start.Input));

        public void Ask(Approval approval) => _approvals.Add(approval.Step, approval);

        public Approval Asked(string step) => _approvals[step];

        public Execution Child(string step) => _children[step];

        public void End(string step, ExecutionStatus status, string? output = null, ExecutionError? error = null)
        {
            Now = Now.AddSeconds(1);
            var failed = status == ExecutionStatus.Failed;
            _children[step] = _children[step] with { Status = status, Output = failed ? null : output, Error = failed ? error : null, CompletedAt = Now };
        }

        public void Decide(string step, bool approved) =>
            _approvals[step] = _approvals[step] with { Approved = approved, DecidedAt = Now, DecidedBy = "ana", Comment = approved ? null : "not today" };

        private Execution New(Guid id, string target, string? step, string text) => new()
        {
            Id = id, Kind = ExecutionKind.Agent, Target = target, Step = step, User = "u", Status = ExecutionStatus.Running, Priority = 5, Input = text, Attempt = 1, MaxAttempts = 3,
            CreatedAt = Now, RunAt = Now, TraceParent = string.Create(CultureInfo.InvariantCulture, $"{id}"),
        };
    }
}
