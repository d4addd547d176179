using System.Globalization;
using System.Text;
using System.Text.Json;
using OsMEN.Llm;

namespace OsMEN.Tests.Llm.Prices;

public sealed class PricingTests
{
    private static readonly PriceTable Shipped = PriceTable.Shipped();
    private static readonly ModelName Unknown = new("openai", "no-such-model");

    public static TheoryData<string> Cases => [.. PricingCases.All.Select(c => c.ToString())];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_usage_object_costs_what_was_worked_out_by_hand(string name)
    {
        var @case = PricingCases.All.Single(c => c.ToString() == name);
        var slash = @case.Model.IndexOf('/', StringComparison.Ordinal);
        var usage = ProviderUsage.Read(JsonDocument.Parse(@case.Usage).RootElement);
        Assert.NotNull(usage);
        Assert.Equal(@case.Dollars, Shipped.Cost(new ModelName(@case.Model[..slash], @case.Model[(slash + 1)..]), usage.Value, tier: @case.Tier));
    }

    [Fact]
    public void There_are_at_least_sixty_cases() => Assert.True(PricingCases.All.Count >= 60);

    [Theory]
    [InlineData("""{"prompt_tokens":"100","completion_tokens":1}""")]
    [InlineData("""{"prompt_tokens":-1,"completion_tokens":1}""")]
    [InlineData("""{"prompt_tokens":1.5,"completion_tokens":1}""")]
    [InlineData("""{"prompt_tokens":1e30,"completion_tokens":1}""")]
    [InlineData("""{"prompt_tokens":{},"completion_tokens":1}""")]
    [InlineData("""{"tokens":1}""")]
    [InlineData("""[]""")]
    [InlineData("null")]
    [InlineData("\"a lot\"")]
    public void What_is_no_count_is_no_usage(string json) => Assert.Null(ProviderUsage.Read(JsonDocument.Parse(json).RootElement));

    [Fact]
    public void Usage_that_clients_hand_on_loses_nothing()
    {
        var all = new TokenUsage(1000, 500, 300, 200, 100)
        {
            CacheWriteHour = 50, AudioInput = 40, CachedAudio = 30, AudioOutput = 20, ImageInput = 10, ImageOutput = 5, Images = 2, Searches = 1,
        };
        Assert.Equal(all, ProviderUsage.FromDetails(ProviderUsage.ToDetails(all)));
    }

    [Fact]
    public void A_model_without_a_price_has_none_which_is_not_zero()
    {
        Assert.Null(Shipped.Find(Unknown));
        Assert.Null(Shipped.Cost(Unknown, new TokenUsage(1, 1)));
    }

    [Fact]
    public void A_type_of_token_without_a_price_leaves_the_call_unpriced()
    {
        var embeddings = new ModelName("mistral", "mistral-embed");
        Assert.Equal(0.0001m, Shipped.Cost(embeddings, new TokenUsage(1000, 0)));
        Assert.Equal(0.005m, Table("""{"a/per-request":{"input_cost_per_request":0.005}}""").Cost(new ModelName("a", "per-request"), default));
        Assert.Null(Table("""{"a/m":{"input_cost_per_token":1e-6}}""").Cost(new ModelName("a", "m"), new TokenUsage(1, 1)));
    }

    [Theory]
    [InlineData("""{"input_cost_per_token":1e-6,"output_cost_per_token":2e-6,"input_cost_per_request":0.005}""", "0.00512")]
    [InlineData("""{"input_cost_per_token":1e-6,"output_cost_per_token":2e-6,"output_cost_per_reasoning_token":3e-6}""", "0.00013")]
    [InlineData("""{"input_cost_per_token":1e-6,"output_cost_per_token":2e-6,"cache_read_input_token_cost":0}""", "0.00008")]
    [InlineData("""{"input_cost_per_token":1e-6,"output_cost_per_token":2e-6,"input_cost_per_token_cache_hit":5e-7}""", "0.0001")]
    [InlineData("""{"input_cost_per_token":1e-6,"output_cost_per_token":2e-6,"input_cost_per_token_above_50_tokens":2e-6}""", "0.0002")]
    [InlineData("""{"input_cost_per_token":1e-6,"output_cost_per_token":2e-6,"input_cost_per_token_above_50_tokens":2e-6,"input_cost_per_token_above_60_tokens":3e-6,"output_cost_per_token_above_60_tokens":4e-6}""", "0.00032")]
    [InlineData("""{"input_cost_per_token":1e-6,"output_cost_per_token":2e-6,"input_cost_per_token_above_128k_tokens":2e-6}""", "0.00012")]
    public void Every_kind_of_price_is_taken_into_account(string price, string dollars)
    {
        // 80 in, 40 of them cached; 20 out, 10 of them reasoning. Plain: 80 x 1 + 20 x 2 = 120 millionths.
        var cost = Table($$"""{"a/m":{{price}}}""").Cost(new ModelName("a", "m"), new TokenUsage(80, 20, 40, 0, 10));
        Assert.Equal(decimal.Parse(dollars, CultureInfo.InvariantCulture), cost);
    }

    [Fact]
    public void An_entry_holds_from_its_time_on()
    {
        var prices = Table("""
            {"a/m":[{"input_cost_per_token":1e-6},{"input_cost_per_token":2e-6,"effective_from":"2026-02-01"},{"input_cost_per_token":4e-6,"effective_from":"2026-03-01T12:00:00Z"}],
             "a/later":{"input_cost_per_token":1e-6,"effective_from":"2026-02-01T00:00:00+01:00"}}
            """);
        decimal? At(string model, string time) => prices.Cost(new ModelName("a", model), new TokenUsage(1_000_000, 0), DateTimeOffset.Parse(time, CultureInfo.InvariantCulture));
        Assert.Equal((1m, 2m, 2m, 4m), (At("m", "2026-01-31T23:59:59Z"), At("m", "2026-02-01T00:00:00Z"), At("m", "2026-03-01T11:59:59Z"), At("m", "2026-03-01T12:00:00Z")));
        Assert.Equal((null, 1m), (At("later", "2026-01-31T22:59:59Z"), At("later", "2026-01-31T23:00:00Z")));
    }

    [Theory]
    [InlineData("openai/gpt-4o", "1")]
    [InlineData("OpenAI/GPT-4o", "1")]
    [InlineData("openai/gpt-4o-2024-08-06", "1")]
    [InlineData("openai/gpt-4o-mini", "3")]
    [InlineData("openai/gpt-4o-realtime", "2")]
    [InlineData("openai/my-gpt-4o", "5")]
    [InlineData("openai/o9", "4")]
    [InlineData("openai/o9-mini", "4")]
    [InlineData("openai/o9-minimal", "5")]
    [InlineData("azure/gpt-4o", null)]
    public void A_pattern_stands_for_whole_names_and_the_closest_one_wins(string model, string? dollars)
    {
        var prices = Table("""
            {"openai/gpt-4o":{"input_cost_per_token":1e-6},"openai/gpt-4o*":{"input_cost_per_token":2e-6},"openai/gpt-4o-mini*":{"input_cost_per_token":3e-6},
             "^openai/o9(-mini)?$":{"input_cost_per_token":4e-6},"openai/*":{"input_cost_per_token":5e-6}}
            """);
        var slash = model.IndexOf('/', StringComparison.Ordinal);
        Assert.Equal(
            dollars is null ? null : decimal.Parse(dollars, CultureInfo.InvariantCulture),
            prices.Cost(new ModelName(model[..slash], model[(slash + 1)..]), new TokenUsage(1_000_000, 0)));
    }

    [Fact]
    public void The_users_prices_go_before_ours_also_a_pattern_before_a_name_and_for_models_of_ones_own()
    {
        var prices = PriceTable.Shipped();
        prices.SetUserPrices(Entries("""{"openai/gpt-4*":{"input_cost_per_token":7e-6,"output_cost_per_token":0},"ollama/*":{"input_cost_per_token":1e-9,"output_cost_per_token":1e-9}}"""));
        Assert.Equal(7m, prices.Cost(new ModelName("openai", "gpt-4o"), new TokenUsage(1_000_000, 0)));
        Assert.Equal(0.001m, prices.Cost(new ModelName("ollama", "llama3"), new TokenUsage(1_000_000, 0)));
        prices.SetUserPrices([]);
        Assert.Equal(2.5m, prices.Cost(new ModelName("openai", "gpt-4o"), new TokenUsage(1_000_000, 0)));
    }

    [Theory]
    [InlineData("""{"openai/x":5}""", "openai/x must be an object of prices, or null to remove them")]
    [InlineData("""{"openai/x":{}}""", "openai/x has no price; at least input_cost_per_token")]
    [InlineData("""{"openai/x":{"input_cost_per_token":-1}}""", "openai/x input_cost_per_token must be dollars as a number from 0 to 1000")]
    [InlineData("""{"openai/x":{"input_cost_per_token":"1e-6"}}""", "openai/x input_cost_per_token must be dollars as a number from 0 to 1000")]
    [InlineData("""{"openai/x":{"input_cost_per_token":1e-6,"ouput_cost_per_token":1e-6}}""", "openai/x ouput_cost_per_token is no price that is known here; see docs/prices.md")]
    [InlineData("""{"openai/x":{"input_cost_per_token":1e-6,"effective_from":"soon"}}""", "openai/x effective_from must be a time, such as 2030-01-31T00:00:00Z")]
    [InlineData("""{"gpt-4o":{"input_cost_per_token":1e-6}}""", "gpt-4o the name must be platform/model")]
    [InlineData("""{"^openai/gpt":{"input_cost_per_token":1e-6}}""", "^openai/gpt the pattern must be a regular expression from ^ to $, without look-around and back-references")]
    [InlineData("""{"^(a+)\\1$":{"input_cost_per_token":1e-6}}""", "^(a+)\\1$ the pattern must be a regular expression from ^ to $, without look-around and back-references")]
    [InlineData("[]", " must be an object of prices by platform/model")]
    public void A_bad_entry_is_named(string json, string error)
    {
        var content = PriceFile.Read(JsonDocument.Parse(json).RootElement);
        Assert.Equal([error], content.Errors.Select(e => $"{e.Name} {e.Error}"));
        Assert.Empty(content.Entries);
    }

    [Fact]
    public void LiteLLMs_own_entries_are_taken_under_their_providers_name_and_those_without_tokens_passed_over()
    {
        var content = PriceFile.Read(JsonDocument.Parse("""
            {"sample_spec":{"input_cost_per_token":0,"litellm_provider":"one of …","max_tokens":"text"},
             "gpt-x":{"litellm_provider":"openai","mode":"chat","input_cost_per_token":1e-6,"output_cost_per_token":2e-6,"output_vector_size":3},
             "whisper-1":{"litellm_provider":"openai","input_cost_per_second":0.0001,"output_cost_per_second":0.0001},
             "openai/gpt-x":{"litellm_provider":"openai","input_cost_per_token":3e-6},"last_updated":"2026-07-24","generalizations":{"a":1}}
            """).RootElement);
        Assert.Empty(content.Errors);
        Assert.Equal(3, content.Skipped);
        var entry = Assert.Single(content.Entries);
        Assert.Equal(("openai/gpt-x", 0.000003m), (entry.Name, entry.Price.Input));
    }

    [Fact]
    public void The_most_that_a_call_can_cost_covers_what_it_does_cost()
    {
        var sonnet = Shipped.Find(new ModelName("anthropic", "claude-sonnet-4-5"))!;
        var most = sonnet.MostFor(1000, 500);
        Assert.Equal((1000 * 6m + 500 * 15m) / 1_000_000, most);
        Assert.True(most >= sonnet.Cost(new TokenUsage(1000, 500, 0, 1000) { CacheWriteHour = 1000 }));
    }

    [Fact]
    public void Every_shipped_entry_has_a_price_of_input_and_its_file_a_date()
    {
        Assert.True(Shipped.ShippedEntries.Count > 100);
        Assert.All(Shipped.ShippedEntries, e => Assert.True(e.Price.Input > 0, e.Name));
        foreach (var platform in (string[])["openai/", "anthropic/", "gemini/", "mistral/", "deepseek/"])
            Assert.Contains(Shipped.ShippedEntries, e => e.Name.StartsWith(platform, StringComparison.Ordinal));
    }

    private static PriceTable Table(string json) => PriceTable.Parse(new MemoryStream(Encoding.UTF8.GetBytes(json)));

    private static IReadOnlyList<PriceEntry> Entries(string json) => PriceFile.Read(JsonDocument.Parse(json).RootElement).Entries;
}
