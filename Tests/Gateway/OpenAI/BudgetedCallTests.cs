using System.Net;
using System.Text.Json;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.Llm;

namespace OsMEN.Tests.Gateway.OpenAI;

/// <summary>Budgets over the calls that clients make by OpenAI's API.</summary>
public sealed class BudgetedCallTests : IAsyncLifetime
{
    private readonly OpenAIServer _server = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("openai/gpt-5-mini", false)]
    [InlineData("openai/gpt-5-mini", true)]
    [InlineData("anthropic/claude-sonnet-4-5", false)]
    public async Task What_a_call_may_cost_is_held_and_what_it_cost_takes_its_place(string model, bool isStream)
    {
        var platform = model.Split('/')[0];
        await LimitAsync(1);
        _server.Models.Then(isStream ? ModelScripts.Hello(platform) : ModelScripts.Whole(platform));
        var (status, body, _) = await SendAsync(model, isStream, "");
        Assert.Equal((HttpStatusCode.OK, ""), (status, status == HttpStatusCode.OK ? "" : body.GetRawText()));

        // An answer without a limit gets the one for which money was held.
        Assert.Equal(16_384, Assert.Single(_server.Models.Requests).Body.GetProperty("max_tokens").GetInt32());
        await Programs.UntilAsync(async () => (await BudgetAsync()).Reserved == 0, "the call is settled");
        Assert.InRange((await BudgetAsync()).Spent, 0.000001m, 0.01m);
    }

    [Fact]
    public async Task A_call_that_may_pass_the_limit_is_refused_before_the_provider_hears_of_it()
    {
        await LimitAsync(0.01m);
        var (status, body, _) = await SendAsync("openai/gpt-5-mini", isStream: true, "");
        var error = body.GetProperty("error");
        Assert.Equal((HttpStatusCode.PaymentRequired, "insufficient_quota"), (status, error.GetProperty("type").GetString()));
        Assert.StartsWith("Budget all (total) of $0.01 does not allow it", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(_server.Models.Requests);

        // One that says how little it wants fits, and is passed on as it is.
        _server.Models.Then(ModelScripts.Whole("openai"));
        (status, _, _) = await SendAsync("openai/gpt-5-mini", isStream: false, ""","max_completion_tokens":100""");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.False(Assert.Single(_server.Models.Requests).Body.TryGetProperty("max_tokens", out _));
    }

    [Theory]
    [InlineData("\"max_tokens\":9223372036804775807,\"n\":2")]
    [InlineData("\"max_tokens\":4611686018427387904,\"n\":4")]
    [InlineData("\"max_tokens\":1000000000000000")]
    public async Task Numbers_that_overflow_reserve_nothing(string fields)
    {
        await LimitAsync(0.10m);
        var (status, _, _) = await SendAsync("openai/gpt-5-mini", isStream: false, "," + fields);
        Assert.Equal((HttpStatusCode.BadRequest, (0m, 0m)), (status, await BudgetAsync()));
        Assert.Empty(_server.Models.Requests);
    }

    [Fact]
    public async Task A_dearer_tier_reserves_its_own_price()
    {
        // 400 output tokens cost at most $0.0008, and $0.00144 at the priority tier.
        await LimitAsync(0.0012m);
        var (status, _, _) = await SendAsync("openai/gpt-5-mini", isStream: false, ",\"max_tokens\":400,\"service_tier\":\"priority\"");
        Assert.Equal(HttpStatusCode.PaymentRequired, status);
        _server.Models.Then(ModelScripts.Whole("openai"));
        (status, _, _) = await SendAsync("openai/gpt-5-mini", isStream: false, ""","max_tokens":400""");
        Assert.Equal(HttpStatusCode.OK, status);
    }

    [Fact]
    public async Task An_agent_is_refused_as_by_the_other_API()
    {
        await _server.Gateway.SendAsync(HttpMethod.Put, "/api/v1/agents/teller", """{"description":"Tells","instructions":"Tell.","model":"openai/gpt-5-mini"}""");
        await LimitAsync(0.01m);
        var (status, body, _) = await SendAsync("agent/teller", isStream: false, "");
        Assert.Equal((HttpStatusCode.PaymentRequired, "insufficient_quota"), (status, body.GetProperty("error").GetProperty("code").GetString()));
        Assert.Empty(await _server.Gateway.Store.ListAsync(new() { Limit = 10 }, Token));
    }

    private Task<(HttpStatusCode Status, JsonElement Body, HttpResponseMessage Response)> SendAsync(string model, bool isStream, string more) =>
        isStream && more.Length == 0 && model.StartsWith("openai", StringComparison.Ordinal) ? StreamAsync(model) : _server.ChatAsync($$"""{"model":"{{model}}","messages":[{"role":"user","content":"Hi"}]{{more}}}""");

    private async Task<(HttpStatusCode Status, JsonElement Body, HttpResponseMessage Response)> StreamAsync(string model)
    {
        using var client = _server.Gateway.Client();
        var response = await client.PostAsync(
            new Uri("/v1/chat/completions", UriKind.Relative), new StringContent($$"""{"model":"{{model}}","messages":[{"role":"user","content":"Hi"}],"stream":true}""", null, "application/json"), Token);
        var text = await response.Content.ReadAsStringAsync(Token);
        return (response.StatusCode, text.StartsWith('{') ? JsonDocument.Parse(text).RootElement : default, response);
    }

    private async Task LimitAsync(decimal dollars)
    {
        var (status, _, _) = await _server.Gateway.SendAsync(
            HttpMethod.Put, "/api/v1/budgets/all", string.Create(System.Globalization.CultureInfo.InvariantCulture, $$"""{"period":"total","limit_usd":{{dollars}}}"""));
        Assert.True(status is HttpStatusCode.OK or HttpStatusCode.Created, status.ToString());
    }

    private async Task<(decimal Spent, decimal Reserved)> BudgetAsync()
    {
        var (_, budget, _) = await _server.Gateway.SendAsync(HttpMethod.Get, "/api/v1/budgets/all");
        return (budget.GetProperty("spent_usd").GetDecimal(), budget.GetProperty("reserved_usd").GetDecimal());
    }
}
