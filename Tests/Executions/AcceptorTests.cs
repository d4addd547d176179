using OsMEN.Executions;

namespace OsMEN.Tests.Executions;

public sealed class AcceptorTests : IAsyncLifetime
{
    private TestStore? _test;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _test = await TestStore.SqliteAsync();

    public ValueTask DisposeAsync() => _test!.DisposeAsync();

    [Fact]
    public async Task Many_at_once_are_all_accepted_each_once()
    {
        await using var gateway = await ServiceHarness.CreateAsync(_test!.Store);
        var accepted = await Task.WhenAll(Enumerable.Range(0, 2000).Select(_ => gateway.Acceptor.AcceptAsync(StoreBehaviour.New(), Token)));
        Assert.All(accepted, a => Assert.Equal(AcceptOutcome.Created, a.Outcome));
        Assert.Equal(2000, (await _test.Store.GetDepthAsync(Token)).Due);
    }

    [Fact]
    public async Task A_full_queue_refuses_and_takes_again_once_there_is_room()
    {
        var clock = new Infrastructure.ManualTimeProvider();
        var options = Microsoft.Extensions.Options.Options.Create(new ExecutionOptions { MaxQueued = 3 });
        var limit = new QueueLimit(_test!.Store, options, clock);
        await using var gateway = await ServiceHarness.CreateAsync(_test.Store);
        var acceptor = new ExecutionAcceptor(_test.Store, gateway.Signals, limit);
        for (var i = 0; i < 3; i++)
            Assert.Equal(AcceptOutcome.Created, (await acceptor.AcceptAsync(StoreBehaviour.New(), Token)).Outcome);
        Assert.Equal(new AcceptResult(AcceptOutcome.QueueFull, null), await acceptor.AcceptAsync(StoreBehaviour.New(), Token));
        Assert.Single(await _test.Store.ClaimAsync("w", 1, TimeSpan.FromMinutes(1), Token));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(AcceptOutcome.Created, (await acceptor.AcceptAsync(StoreBehaviour.New(), Token)).Outcome);
    }
}
