using Microsoft.Extensions.AI;
using OsMEN.AgentWorker.Agents;
using OsMEN.Executions;
using OsMEN.Llm.Tools;

namespace OsMEN.AgentWorker.Tools.Journal;

/// <summary>
/// Sees to it that an execution, over all its attempts, runs each tool call once (docs/decisions/0015). The model's answer is
/// recorded before its tools run, each call before it runs and after; another attempt follows the recorded answers and gets the
/// recorded results. A call whose result was never recorded runs again if its tool is repeatable; else the model is told that it may
/// have happened.
/// </summary>
internal sealed class ToolCallJournal
{
    internal const string Unknown =
        "The outcome is unknown: the worker was lost while this ran. It may have happened or not, and was not run again. Find out before you ask for it again.";

    private const int ResultTries = 5;

    private readonly IExecutionStore _store;
    private readonly RunningExecution? _held;
    private readonly TimeProvider _time;
    private readonly Dictionary<(int Round, string Call), JournaledCall> _calls;

    private ToolCallJournal(IExecutionStore store, RunningExecution? held, TimeProvider time, ToolJournal found)
    {
        _store = store;
        _held = held;
        _time = time;
        _calls = found.Calls.ToDictionary(c => (c.Round, c.CallId));
        Turns = [.. found.Turns.TakeWhile((t, i) => t.Round == i + 1).Select(t => TurnJson.Read(t.Message, t.Tokens))];
    }

    /// <summary>The answers of earlier attempts, from round 1 on.</summary>
    public IReadOnlyList<ToolLoopTurn> Turns { get; }

    /// <summary>Reads what earlier attempts have left; a run without a lease has no journal.</summary>
    public static async Task<ToolCallJournal> OpenAsync(IExecutionStore store, AgentRun run, TimeProvider time, CancellationToken cancellationToken)
    {
        var found = run.Held is { Claim.Fence: > 1 } ? await store.ReadJournalAsync(run.Execution.Id, cancellationToken) : ToolJournal.Empty;
        return new ToolCallJournal(store, run.Held, time, found);
    }

    public async Task RecordAsync(int round, ToolLoopTurn turn, CancellationToken cancellationToken)
    {
        if (_held is not null && !await _store.JournalTurnAsync(_held.Claim.Lease, new JournaledTurn(round, turn.Tokens, TurnJson.Write(turn.Answer)), cancellationToken))
            Lost();
    }

    /// <summary>The recorded result, or that of <paramref name="run"/>.</summary>
    /// <exception cref="ToolFailedException">The recorded call failed, or its outcome is unknown.</exception>
    public async Task<string> RunAsync(
        int round, FunctionCallContent call, bool repeatable, Func<CancellationToken, ValueTask<object?>> run, CancellationToken cancellationToken)
    {
        if (_held is null)
            return ToolLoop.TextOf(await run(cancellationToken));
        var known = _calls.GetValueOrDefault((round, call.CallId));
        if (known is { Result: { } result })
            return known.Failed ? throw new ToolFailedException(result) : result;
        var entry = new JournaledCall(round, call.CallId, call.Name, _held.Claim.Execution.Attempt, Failed: false, Result: null);
        if (known is not null && !repeatable)
        {
            await WriteResultAsync(entry with { Failed = true, Result = Unknown });
            throw new ToolFailedException(Unknown);
        }

        await WriteStartAsync(entry, cancellationToken);
        try
        {
            var text = Storable(ToolLoop.TextOf(await run(cancellationToken)));
            await WriteResultAsync(entry with { Result = text });
            return text;
        }
        catch (Exception e) when (e is not ToolLoopAbortedException && !cancellationToken.IsCancellationRequested)
        {
            var failed = new ToolFailedException(Storable(ToolLoop.TextOf(e.Message)), e);
            await WriteResultAsync(entry with { Failed = true, Result = failed.Message });
            throw failed;
        }
    }

    private async Task WriteStartAsync(JournaledCall entry, CancellationToken cancellationToken)
    {
        try
        {
            if (await _store.JournalCallAsync(_held!.Claim.Lease, entry, cancellationToken))
                return;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new ToolLoopAbortedException("The call could not be journaled, so the tool was not run.", e);
        }

        Lost();
    }

    // The tool has run: that its result is kept is worth some patience, also when the execution is being stopped.
    private async Task WriteResultAsync(JournaledCall entry)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                if (await _store.JournalCallAsync(_held!.Claim.Lease, entry, CancellationToken.None))
                    return;
                break;
            }
            catch (Exception e)
            {
                // The model must not take this for the tool's own failure: the tool has run.
                if (tries == ResultTries || !StoreFault.Is(e))
                    throw new ToolLoopAbortedException("The result of a tool could not be journaled.", e);
                await Task.Delay(TimeSpan.FromMilliseconds(100 << tries), _time);
            }
        }

        Lost();
    }

    private void Lost()
    {
        _held!.Stop(StopReason.LeaseLost);
        throw new OperationCanceledException("The lease was lost.", _held.Stopping);
    }

    // PostgreSQL stores no NUL.
    private static string Storable(string text) => AgentInput.Whole(text).Replace('\0', ' ');
}
