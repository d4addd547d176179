using OsMEN.Executions;

namespace OsMEN.Tests.Executions;

public abstract partial class StoreBehaviour
{
    [Fact]
    public async Task A_later_holder_finds_what_was_journaled()
    {
        await AcceptAsync(New());
        var claim = Assert.Single(await ClaimAsync(1));
        Assert.Equal((0, 0), await JournalSizeAsync(claim.Execution.Id));
        var started = new JournaledCall(1, "call_1", "send", 1, false, null);
        Assert.True(await Store.JournalTurnAsync(claim.Lease, new JournaledTurn(1, 120, """{"text":"Grüße 🌍"}"""), Token));
        Assert.True(await Store.JournalTurnAsync(claim.Lease, new JournaledTurn(2, 7, "{}"), Token));
        Assert.True(await Store.JournalCallAsync(claim.Lease, started, Token));
        Assert.True(await Store.JournalCallAsync(claim.Lease, started with { CallId = "call_2" }, Token));
        Assert.True(await Store.JournalCallAsync(claim.Lease, started with { CallId = "call_2", Failed = true, Result = "no" }, Token));
        var found = await Store.ReadJournalAsync(claim.Execution.Id, Token);
        Assert.Equal([new JournaledTurn(1, 120, """{"text":"Grüße 🌍"}"""), new JournaledTurn(2, 7, "{}")], found.Turns);
        Assert.Equal([started, started with { CallId = "call_2", Failed = true, Result = "no" }], found.Calls.OrderBy(c => c.CallId, StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_late_worker_cannot_journal()
    {
        await AcceptAsync(New());
        var late = Assert.Single(await ClaimAsync(1, "late"));
        await EndAsync(late, new AttemptEnd(ExecutionStatus.Pending));
        var call = new JournaledCall(1, "c", "send", 1, false, null);
        Assert.False(await Store.JournalCallAsync(late.Lease, call, Token));
        var holder = Assert.Single(await ClaimAsync(1, "next"));
        Assert.True(await Store.JournalCallAsync(holder.Lease, call with { Attempt = 2 }, Token));
        Assert.False(await Store.JournalTurnAsync(late.Lease, new JournaledTurn(1, 0, "{}"), Token));
        Assert.False(await Store.JournalCallAsync(late.Lease, call with { Result = "late" }, Token));
        Assert.Equal([call with { Attempt = 2 }], (await Store.ReadJournalAsync(late.Execution.Id, Token)).Calls);
    }

    [Fact]
    public async Task The_journal_of_what_ended_is_forgotten_after_its_time_and_that_of_the_living_is_kept()
    {
        await AcceptAsync(New());
        await AcceptAsync(New());
        var claims = await ClaimAsync(2);
        foreach (var claim in claims)
        {
            await Store.JournalTurnAsync(claim.Lease, new JournaledTurn(1, 1, "{}"), Token);
            await Store.JournalCallAsync(claim.Lease, new JournaledCall(1, "c", "send", 1, false, "ok"), Token);
        }

        await EndAsync(claims[0], new AttemptEnd(ExecutionStatus.Completed, "1"));
        Assert.Equal(0, await Store.TrimJournalAsync(Past(60), 10, Token));
        Assert.Equal(2, await Store.TrimJournalAsync(Past(-60), 10, Token));
        Assert.Equal((0, 0), await JournalSizeAsync(claims[0].Execution.Id));
        Assert.Equal((1, 1), await JournalSizeAsync(claims[1].Execution.Id));
    }

    [Fact]
    public async Task Memories_belong_to_an_agent_and_a_user_and_the_oldest_gives_way()
    {
        var time = new Infrastructure.ManualTimeProvider();
        var memory = new AgentMemory(_test!.Database, time);
        for (var i = 0; i <= AgentMemory.MaxEntries; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await memory.WriteAsync("a", "ann", $"n{i}", $"content {i}", Token);
        }

        await memory.WriteAsync("a", "ann", "n7", "changed", Token);
        await memory.WriteAsync("a", "bob", "n0", "bob's", Token);
        var found = await memory.ReadAsync("a", "ann", Token);
        Assert.Equal(AgentMemory.MaxEntries, found.Count);
        Assert.DoesNotContain(found, e => e.Name == "n0");
        Assert.Contains(found, e => e is { Name: "n7", Content: "changed" });
        Assert.Equal(["bob's"], (await memory.ReadAsync("a", "bob", Token)).Select(e => e.Content));
        Assert.Empty(await memory.ReadAsync("b", "ann", Token));
        await Assert.ThrowsAsync<ArgumentException>(() => memory.WriteAsync("a", "ann", "long", new string('x', AgentMemory.MaxContent + 1), Token));
    }

    private async Task<(int Turns, int Calls)> JournalSizeAsync(Guid id)
    {
        var journal = await Store.ReadJournalAsync(id, Token);
        return (journal.Turns.Count, journal.Calls.Count);
    }
}
