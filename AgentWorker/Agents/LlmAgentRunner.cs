using System.Diagnostics;
using Microsoft.Extensions.AI;
using OsMEN.AgentWorker.Metrics;
using OsMEN.AgentWorker.Tools;
using OsMEN.AgentWorker.Tools.Journal;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Llm;
using OsMEN.Llm.Cache;
using OsMEN.Llm.Fallback;
using OsMEN.Llm.Pipeline;
using OsMEN.Llm.Providers;
using OsMEN.Llm.Tools;

namespace OsMEN.AgentWorker.Agents;

/// <summary>Runs <c>llm</c> agents: instructions and input to a model, its tools, its answer as it comes.</summary>
internal sealed class LlmAgentRunner(
    ChatClients clients, ModelCalls calls, AnswerCache answers, ToolSet tools, IExecutionStore store, ExecutionMetrics metrics, TimeProvider time) : IAgentRunner
{
    public AgentType Type => AgentType.Llm;

    public async Task<AgentOutcome> RunAsync(AgentRun run, CancellationToken cancellationToken)
    {
        var agent = run.Agent;
        var spent = new Spending(run, time);
        try
        {
            var journal = await ToolCallJournal.OpenAsync(store, run, time, cancellationToken);
            var models = calls.Resolve(agent.Model, agent.Fallback);
            if (run.Span is { IsAllDataRequested: true } span)
            {
                span.SetTag("gen_ai.provider.name", models[0].ProviderName);
                span.SetTag("gen_ai.request.model", models[0].Model);
            }

            var client = clients.Get(models, calls, spent.Add, run.Account);
            if (agent.Cache is { } cache)
                client = answers.Wrap(client, models[0], cache.TimeToLive, cache.Shared ? null : run.Execution.User);
            var options = new ChatOptions
            {
                Instructions = agent.Instructions,
                Temperature = (float?)agent.Temperature,
                MaxOutputTokens = agent.Limits.MaxOutputTokens,
                Tools = [.. await tools.GetAsync(run, cancellationToken)],
            };
            if (agent.ModelOptions is { } more)
                ModelOptions.Set(options, more);
            if (run is { CapturesContent: true, Span.IsAllDataRequested: true })
                GenAIContent.SetTools(run.Span, options.Tools);
            await run.LogAsync(
                journal.Turns.Count == 0 ? $"Asking {agent.Model ?? clients.Default.ToString()}" : $"Continuing after {journal.Turns.Count} recorded rounds", cancellationToken);
            var loop = new ToolLoop(client, new ToolLoopLimits(agent.Limits.MaxRounds, agent.Limits.MaxTokens));
            var result = await loop.RunAsync(
                [new ChatMessage(ChatRole.User, AgentInput.ToContents(run.Execution.Input))],
                options,
                new Observer(run, journal, metrics, time),
                cancellationToken,
                journal.Turns);
            await run.Events.WriteAsync(spent.Measure(), cancellationToken);
            return new AgentOutcome(AgentInput.ToOutput(result.Text));
        }
        catch (LlmException e)
        {
            await run.LogAsync(e.Message, cancellationToken, EventLogLevel.Error);
            await run.Events.WriteAsync(spent.Measure(), cancellationToken);
            return AgentOutcome.Failed(e.Kind.ToString(), e.Message, e.IsTransient);
        }
        finally
        {
            spent.Tell(run.Span);
        }
    }

    /// <summary>Sums the calls of this attempt for its metrics event.</summary>
    private sealed class Spending(AgentRun run, TimeProvider time)
    {
        private readonly Lock _lock = new();
        private readonly long _started = time.GetTimestamp();
        private TokenUsage _tokens;
        private decimal _cost;

        public void Add(LlmCall call)
        {
            lock (_lock)
            {
                _tokens += call.Tokens;
                _cost += call.CostUsd ?? 0;
            }

            run.OnCall(call);
        }

        public void Tell(Activity? span)
        {
            lock (_lock)
            {
                if (span is not { IsAllDataRequested: true } || _tokens == default)
                    return;
                span.SetTag("gen_ai.usage.input_tokens", _tokens.Input);
                span.SetTag("gen_ai.usage.output_tokens", _tokens.Output);
            }
        }

        public ExecutionEvent.Metrics Measure()
        {
            lock (_lock)
                return new(null, null, time.GetElapsedTime(_started), _tokens.Input, _tokens.Output, _cost);
        }
    }

    private sealed class Observer(AgentRun run, ToolCallJournal journal, ExecutionMetrics metrics, TimeProvider time) : IToolLoopObserver
    {
        public ValueTask OnTextAsync(string delta, CancellationToken cancellationToken) =>
            run.Events.WriteAsync(new ExecutionEvent.OutputDelta(delta), cancellationToken);

        public async ValueTask OnTurnAsync(int round, ToolLoopTurn turn, CancellationToken cancellationToken) =>
            await journal.RecordAsync(round, turn, cancellationToken);

        public async ValueTask<object?> OnToolAsync(int round, FunctionCallContent call, AIFunction tool, CancellationToken cancellationToken) =>
            await journal.RunAsync(round, call, ToolFunctions.IsRepeatable(tool), c => InvokeAsync(round, call, tool, c), cancellationToken);

        private async ValueTask<object?> InvokeAsync(int round, FunctionCallContent call, AIFunction tool, CancellationToken cancellationToken)
        {
            await run.LogAsync($"Calling {call.Name}", cancellationToken);
            var started = time.GetTimestamp();
            string? error = null;
            try
            {
                return await tool.InvokeAsync(ToolCallKey.Arguments(round, call), cancellationToken);
            }
            catch (Exception e)
            {
                error = e.GetType().FullName;
                throw;
            }
            finally
            {
                metrics.ToolRan(call.Name, time.GetElapsedTime(started), error);
            }
        }
    }
}
