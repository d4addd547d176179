using System.Globalization;
using OsMEN.Executions;
using OsMEN.Executions.Usage;
using OsMEN.Llm;

namespace OsMEN.Tests.Executions;

public abstract partial class StoreBehaviour
{
    [Fact]
    public async Task Calls_of_models_and_tools_are_listed_in_order_with_what_is_known_of_them()
    {
        await AcceptAsync(New());
        await AcceptAsync(New());
        var claims = await ClaimAsync(2);
        var (claim, id) = (claims[0], claims[0].Execution.Id);
        var before = Past(60);
        var model = CallAt(before, "openai", "gpt-5", new TokenUsage(100, 20, 40, 5, 7), 0.123456789m) with { TimeToFirstToken = TimeSpan.FromMilliseconds(250), Duration = TimeSpan.FromMilliseconds(1500) };
        var refused = CallAt(before.AddSeconds(5), "anthropic", "x", new TokenUsage(7, 3), null) with { Estimated = true, Status = LlmCallStatus.Error, Error = "429" };
        await Store.RecordAsync([new ExecutionRecord { Lease = claim.Lease, Calls = [model, refused] }, new ExecutionRecord { Lease = claims[1].Lease, Calls = [CallAt(before, "other", "y", default, null)] }], Token);
        await Store.JournalTurnAsync(claim.Lease, new JournaledTurn(1, 9, """{"text":"","calls":[{"id":"a","name":"send","arguments":{"to":"Ana 🌍"}},{"id":"b","name":"send","arguments":{}}]}"""), Token);
        var call = new JournaledCall(1, "a", "send", 1, false, null);
        await Store.JournalCallAsync(claim.Lease, call, Token);
        await Store.JournalCallAsync(claim.Lease, call with { Result = new string('é', 3000) }, Token);
        await Store.JournalCallAsync(claim.Lease, call with { CallId = "b", Failed = true, Result = "no" }, Token);
        await Store.JournalCallAsync(claim.Lease, call with { Round = 2, CallId = "c" }, Token);

        var found = await Store.ReadCallsAsync(new ExecutionCallQuery(id, null, 10), Token);
        Assert.Equal(
            [
                "openai/gpt-5 Ok 1500 250 100 20 40 5 7 False 0.123456789 ",
                "anthropic/x Error 12  7 3 0 0 0 True  429",
            ],
            found.Take(2).Select(c => string.Create(
                CultureInfo.InvariantCulture,
                $"{c.Platform}/{c.Model} {c.Status} {c.Duration!.Value.TotalMilliseconds} {c.TimeToFirstToken?.TotalMilliseconds} {c.Tokens.Input} {c.Tokens.Output} {c.Tokens.CachedInput} {c.Tokens.CacheWrite} {c.Tokens.Reasoning} {c.Estimated} {c.CostUsd / 1.0000000000m} {c.Error}")));
        Assert.Equal([model.Id.ToString(), refused.Id.ToString()], found.Take(2).Select(c => c.Key));
        Assert.Equal(
            ["""1/a send Ok 1 1 {"to":"Ana 🌍"} 2000 """, "1/b send Error 1 1 {}  no", "2/c send Running 2 1   "],
            found.Skip(2).OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key} {c.Tool} {c.Status} {c.Round} {c.Attempt} {c.Arguments} {c.Result?.Length.ToString(CultureInfo.InvariantCulture)} {c.Error}"));
        Assert.Equal([true, true, false], found.Skip(2).OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => c.Duration >= TimeSpan.Zero));

        var paged = new List<string>();
        (DateTimeOffset, string)? after = null;
        while (await Store.ReadCallsAsync(new ExecutionCallQuery(id, after, 2), Token) is { Count: > 0 } page)
        {
            paged.AddRange(page.Select(c => c.Key));
            after = (page[^1].StartedAt, page[^1].Key);
        }

        Assert.Equal(found.Select(c => c.Key), paged);
        Assert.Empty(await Store.ReadCallsAsync(new ExecutionCallQuery(Guid.CreateVersion7(), null, 10), Token));
    }
}
