using OsMEN.Executions;

namespace OsMEN.Tests.Executions;

public abstract partial class StoreBehaviour
{
    [Fact]
    public async Task Shared_statements_read_back_exactly_what_they_wrote()
    {
        var at = new DateTimeOffset(2026, 7, 1, 14, 30, 0, 123, TimeSpan.FromHours(2));
        var id = Guid.CreateVersion7(at);
        await _test!.Database.ExecuteAsync("CREATE TABLE shared (id text PRIMARY KEY, at bigint, text text, number bigint, value double precision)", null, Token);
        await _test!.Database.ExecuteAsync("INSERT INTO shared VALUES (@id, @at, @text, @number, @value)", new { id, at, text = "a\0b 'é' 😀", number = long.MaxValue, value = 0.1, unused = new object() }, Token);
        await _test!.Database.ExecuteAsync("INSERT INTO shared (id, at, text) VALUES (@id, @at, @text)", new { id = Guid.Empty, at = (DateTimeOffset?)null, text = (string?)null }, Token);

        var rows = await _test!.Database.QueryAsync<(Guid Id, DateTimeOffset? At, string? Text, long? Number, double? Value)>("SELECT id, at, text, number, value FROM shared ORDER BY at IS NULL", null, Token);
        Assert.Equal([(id, at, "a b 'é' 😀", long.MaxValue, 0.1), (Guid.Empty, null, null, null, null)], rows);
        Assert.Equal([("a b 'é' 😀", at.ToUnixTimeMilliseconds())], await _test!.Database.QueryAsync<(string, long)>("SELECT text, at FROM shared WHERE at = @at", new { at }, Token));
        Assert.Equal([new SharedRow(id, at, "a b 'é' 😀")], await _test!.Database.QueryAsync<SharedRow>("SELECT id, at, text FROM shared WHERE id = @id", new { id }, Token));
        Assert.Empty(await _test!.Database.QueryAsync<string>("SELECT text FROM shared WHERE at > @at", new { at }, Token));
    }

    [Fact]
    public async Task Shared_statements_of_a_transaction_happen_together_or_not_at_all()
    {
        await _test!.Database.ExecuteAsync("CREATE TABLE shared (id bigint PRIMARY KEY)", null, Token);
        await using (var connection = await _test!.Database.OpenConnectionAsync(Token))
        await using (var transaction = await connection.BeginTransactionAsync(Token))
        {
            Assert.Equal(1, await transaction.ExecuteAsync("INSERT INTO shared VALUES (@id)", new { id = 1 }, Token));
            Assert.Equal([1], await transaction.QueryAsync<int>("SELECT id FROM shared", null, Token));
        }
        Assert.Empty(await _test!.Database.QueryAsync<int>("SELECT id FROM shared", null, Token));
    }

    private sealed record SharedRow(Guid Id, DateTimeOffset? At, string Text);
}
