using OsMEN.Executions;
using OsMEN.Executions.Usage;
using OsMEN.Llm;

namespace OsMEN.Tests.Executions;

/// <summary>Calls that belong to no execution.</summary>
public abstract partial class StoreBehaviour
{
    [Fact]
    public async Task A_call_without_an_execution_is_written_once_with_its_user()
    {
        var at = new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);
        var call = new LlmCall
        {
            Id = Guid.CreateVersion7(at),
            Platform = "openai",
            Model = "gpt-5-mini",
            StartedAt = at,
            Duration = TimeSpan.FromMilliseconds(12.5),
            TimeToFirstToken = TimeSpan.FromMilliseconds(3),
            Status = LlmCallStatus.Ok,
            Tokens = new TokenUsage(100, 20, 40, 10, 8),
            CostUsd = 0.000056789m,
        };
        var unpriced = call with { Id = Guid.CreateVersion7(at), Status = LlmCallStatus.Cancelled, Error = "left", TimeToFirstToken = null, Estimated = true, CostUsd = null };
        await Store.RecordCallsAsync([new DirectCall(call, "ada"), new DirectCall(unpriced, "bob")], Token);
        await Store.RecordCallsAsync([new DirectCall(call, "ada")], Token);
        await Store.RecordCallsAsync([], Token);
        Assert.Equal(
            ["ada,openai,gpt-5-mini,,0,,100,20,40,10,8,1", "bob,openai,gpt-5-mini,,2,left,100,20,40,10,8,0"],
            await DirectCalls.ReadAsync(_test!, "user_id, platform, model, execution_id, status, error, input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, "
                + (Store.Kind == "sqlite" ? "cost_nano" : "cost_usd") + " IS NOT NULL AND estimated = " + (Store.Kind == "sqlite" ? "0" : "false")));
        var usage = await Store.ReadUsageAsync(new UsageQuery { By = UsageGroup.User, Since = at.AddDays(-1), Until = at.AddDays(1) }, Token);
        Assert.Equal([("ada", 120L, 0.000056789m, 0L), ("bob", 120L, 0m, 120L)], usage.Select(u => (u.Group, u.Tokens.Total, u.CostUsd, u.UnpricedTokens)));
        Assert.Equal("ada", Assert.Single(await Store.ReadUsageAsync(new UsageQuery { By = UsageGroup.User, Since = at.AddDays(-1), Until = at.AddDays(1), User = "ada" }, Token)).Group);
    }
}
