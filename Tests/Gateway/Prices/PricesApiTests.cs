using System.Net;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.Gateway.Prices;
using OsMEN.Gateway.Security;
using OsMEN.Llm;
using OsMEN.ServiceDefaults.Http;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Gateway.Prices;

public sealed class PricesApiTests(GatewayServer gateway) : IClassFixture<GatewayServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_price_is_put_merged_read_and_removed()
    {
        var put = await PutAsync("""{"openai/gpt-4o":{"input_cost_per_token":1e-6,"output_cost_per_token":2e-6,"note":"ours"},"openai/mine*":{"input_cost_per_token":3e-6,"output_cost_per_token":0}}""");
        Assert.Equal("ours", put.GetProperty("openai/gpt-4o").GetProperty("note").GetString());
        await PutAsync("""{"openai/mine*":[{"input_cost_per_token":4e-6,"output_cost_per_token":0,"effective_from":"2030-01-01"}]}""");

        var all = await GetAsync("");
        Assert.Equal(0.000001m, all.GetProperty("openai/gpt-4o").GetProperty("input_cost_per_token").GetDecimal());
        Assert.Equal([0.000003m, 0.000004m], all.GetProperty("openai/mine*").EnumerateArray().Select(e => e.GetProperty("input_cost_per_token").GetDecimal()));
        Assert.True(all.TryGetProperty("anthropic/claude-sonnet-4-5", out _));
        Assert.Equal(["openai/gpt-4o", "openai/mine*"], (await GetAsync("?source=user")).EnumerateObject().Select(p => p.Name).Where(n => n is "openai/gpt-4o" or "openai/mine*"));
        Assert.Equal(0.0000025m, (await GetAsync("?source=shipped")).GetProperty("openai/gpt-4o").GetProperty("input_cost_per_token").GetDecimal());

        await PutAsync("""{"openai/gpt-4o":null,"openai/mine*":null,"openai/never-there":null}""");
        all = await GetAsync("");
        Assert.Equal(0.0000025m, all.GetProperty("openai/gpt-4o").GetProperty("input_cost_per_token").GetDecimal());
        Assert.False(all.TryGetProperty("openai/mine*", out _));
    }

    [Fact]
    public async Task A_price_put_elsewhere_holds_here_within_seconds()
    {
        await PutAsync("""{"openai/elsewhere":{"input_cost_per_token":1e-6,"output_cost_per_token":0}}""");
        await using var connection = new SqliteConnection($"Data Source={new SqliteConnectionStringBuilder(gateway.ConnectionString).DataSource}");
        await connection.OpenAsync(Token);
        await using var command = connection.CreateCommand();
        command.CommandText = """
            UPDATE prices SET entry = '{"input_cost_per_token":9e-6,"output_cost_per_token":0}', updated_at = updated_at + 1 WHERE name = 'openai/elsewhere'
            """;
        await command.ExecuteNonQueryAsync(Token);
        var table = gateway.Services.GetRequiredService<PriceTable>();
        await Programs.UntilAsync(() => Task.FromResult(table.Find(new ModelName("openai", "elsewhere"))?.Input == 0.000009m), "the change is there");
    }

    [Fact]
    public async Task A_bad_file_is_named_entry_by_entry_and_changes_nothing()
    {
        var before = (await GetAsync("?source=user")).GetRawText();
        var (status, problem, _) = await gateway.SendAsync(
            HttpMethod.Put, "/api/v1/prices", """{"openai/good":{"input_cost_per_token":1e-6},"openai/bad":{"input_cost_per_token":-1},"worse":{"input_cost_per_token":1e-6}}""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(["openai/bad", "worse"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
        Assert.Equal(before, (await GetAsync("?source=user")).GetRawText());
        Assert.Equal(HttpStatusCode.BadRequest, (await gateway.SendAsync(HttpMethod.Get, "/api/v1/prices?source=mine")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await gateway.SendAsync(HttpMethod.Put, "/api/v1/prices", "{}", GatewayServer.KeyOf(Role.Operator))).Status);
    }

    [Fact]
    public async Task A_file_larger_than_other_bodies_may_be_is_taken()
    {
        var pad = new string('x', 1000);
        var file = "{" + string.Join(",", Enumerable.Range(0, 1500).Select(i => $"\"big/m{i}\":{{\"litellm_provider\":\"big\",\"input_cost_per_token\":1e-6,\"output_cost_per_token\":1e-6,\"source\":\"{pad}\"}}")) + "}";
        Assert.Equal(1500, (await PutAsync(file)).EnumerateObject().Count(p => p.Name.StartsWith("big/", StringComparison.Ordinal)));
        await PutAsync("{" + string.Join(",", Enumerable.Range(0, 1500).Select(i => $"\"big/m{i}\":null")) + "}");
    }

    [Fact]
    public async Task The_command_refuses_what_it_cannot_use_in_one_line()
    {
        var file = Path.Combine(Path.GetTempPath(), "osmen-prices-" + Guid.CreateVersion7().ToString("N") + ".json");
        await File.WriteAllTextAsync(file, """{"openai/x":{"input_cost_per_token":-1}}""", Token);
        try
        {
            Assert.Equal((1, $"{file}: openai/x input_cost_per_token must be dollars as a number from 0 to 1000"), await ImportAsync(file));
            Assert.Equal((1, "The address must be https: prices decide what is billed."), await ImportAsync("http://example.com/prices.json"));
            var (code, error) = await ImportAsync("https://127.0.0.1:9/prices.json");
            Assert.Equal((1, true), (code, error.Contains("127.0.0.1 is no address of the public internet", StringComparison.Ordinal)));
            Assert.Equal((2, "import-prices takes a file or an https address: a price file in LiteLLM's form"), await ImportAsync());
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.31.0.1", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("64:ff9b::a00:1", false)]
    [InlineData("2002:a00:1::", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    public void Only_addresses_of_the_public_internet_are_public(string address, bool isPublic) => Assert.Equal(isPublic, PublicNetwork.IsPublic(IPAddress.Parse(address)));

    private static async Task<(int Code, string Error)> ImportAsync(params string[] args)
    {
        await using var output = new StringWriter();
        await using var errors = new StringWriter();
        var code = await ImportPrices.RunAsync(args, output, errors, Token);
        return (code, errors.ToString().Trim());
    }

    private async Task<JsonElement> PutAsync(string body)
    {
        var (status, answer, _) = await gateway.SendAsync(HttpMethod.Put, "/api/v1/prices", body);
        Assert.True(status == HttpStatusCode.OK, answer.GetRawText());
        return answer;
    }

    private async Task<JsonElement> GetAsync(string query)
    {
        var (status, answer, _) = await gateway.SendAsync(HttpMethod.Get, $"/api/v1/prices{query}", key: GatewayServer.KeyOf(Role.Viewer));
        Assert.Equal(HttpStatusCode.OK, status);
        return answer;
    }
}
