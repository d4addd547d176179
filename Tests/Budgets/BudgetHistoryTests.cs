using OsMEN.Executions.Budgets;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Budgets;

/// <summary>Random histories of everything that can happen to budgets, beside a model of what has to come of it. The seed is in the message of a failure.</summary>
public sealed class BudgetHistoryTests(PostgresServer server)
{
    private static readonly string[] Ids = ["a", "b", "c"];
    private static readonly string[] Zones = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"];
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("postgresql", 6, 120)]
    [InlineData("sqlite", 6, 120)]
    public async Task Spent_reserved_and_remaining_always_add_up_to_the_limit(string kind, int histories, int steps)
    {
        await using var test = kind == "sqlite" ? await TestStore.SqliteAsync() : await TestStore.PostgresAsync(server);
        var first = Environment.TickCount;
        for (var seed = first; seed < first + histories; seed++)
        {
            foreach (var id in Ids)
                await ((IBudgetStore)test.Store).DeleteBudgetAsync(id, Token);
            await new History((IBudgetStore)test.Store, seed).RunAsync(steps);
        }
    }

    private sealed class History(IBudgetStore store, int seed)
    {
        private readonly Random _random = new(seed);
        private readonly Dictionary<string, Expected> _budgets = new(StringComparer.Ordinal);
        private readonly Dictionary<Guid, (decimal Amount, string[] Budgets, DateTimeOffset ExpiresAt, DateTimeOffset? LapsesAt)> _held = [];
        private readonly List<string> _story = [];
        private DateTimeOffset _now = new(2026, 3, 27, 20, 0, 0, TimeSpan.Zero);

        public async Task RunAsync(int steps)
        {
            for (var i = 0; i < steps; i++)
            {
                await StepAsync();
                foreach (var budget in await store.ListBudgetsAsync(Token))
                {
                    var expected = _budgets[budget.Id];
                    var told = $"seed {seed}, step {i}:\n{string.Join('\n', _story.TakeLast(15))}";
                    Assert.True(expected.Limit == budget.SpentUsd + budget.ReservedUsd + budget.RemainingUsd, told);
                    Assert.True((expected.Limit, expected.Spent, expected.Reserved) == (budget.Definition.LimitUsd, budget.SpentUsd, budget.ReservedUsd), $"{told}\n{expected} {budget}");
                    Assert.True((expected.Start, expected.End) == (budget.PeriodStart, budget.PeriodEnd), told);
                }
            }

            // Whatever was left open: the end of all calls leaves nothing held.
            foreach (var call in _held.Keys)
                await store.SettleAsync(call, 0, Token);
            Assert.All(await store.ListBudgetsAsync(Token), b => Assert.Equal(0, b.ReservedUsd));
        }

        private Task StepAsync() => _random.Next(20) switch
        {
            < 7 => ReserveAsync(),
            < 12 => SettleAsync(),
            < 14 => PutAsync(),
            14 => DeleteAsync(),
            15 or 16 => PassAsync(),
            _ => SweepAsync(),
        };

        private async Task ReserveAsync()
        {
            var wanted = Ids.Where(_ => _random.Next(2) == 0).ToArray();
            var reservation = Make.Reservation(_now, Money(2), wanted);
            var amount = reservation.AmountUsd;
            var known = wanted.Where(_budgets.ContainsKey).Select(id => _budgets[id]).ToArray();
            var fits = known.All(b => !(b.End <= _now) && b.Limit - b.Spent - b.Reserved >= amount && b.Limit - b.Spent - b.Reserved > 0);
            var result = await store.ReserveAsync(reservation, Token);
            Tell($"reserve {amount} of {string.Join(',', wanted)}: {result.Held}");
            Assert.True(fits == result.Held, $"seed {seed}: {string.Join('\n', _story.TakeLast(15))}");
            if (result.Held)
            {
                foreach (var budget in known)
                    budget.Reserved += amount;
                _held[reservation.Call.Id] = (amount, [.. wanted.Where(_budgets.ContainsKey)], reservation.ExpiresAt, null);
                return;
            }

            foreach (var ended in result.EndedAt(_now))
                await RollAsync(ended);
        }

        private async Task RollAsync(Budget ended)
        {
            await BudgetGate.RollAsync(store, [ended], _now, Token);
            var budget = _budgets[ended.Id];
            (budget.Start, budget.End) = BudgetPeriods.Around(budget.Period, BudgetPeriods.Zone(budget.Zone), _now);
            budget.Spent = 0;
            Tell($"roll {ended.Id}");
        }

        private async Task SettleAsync()
        {
            if (_held.Count == 0)
                return;
            var (id, held) = _held.ElementAt(_random.Next(_held.Count));

            // Sometimes more than was held, sometimes nothing, sometimes unknown.
            decimal? cost = _random.Next(6) switch { 0 => null, 1 => 0, 2 => held.Amount * 2, _ => decimal.Round(held.Amount * (decimal)_random.NextDouble(), 9) };
            await store.SettleAsync(id, cost, Token);
            Tell($"settle {held.Amount} as {cost}");
            Charge(id, cost ?? held.Amount);
        }

        private void Charge(Guid id, decimal cost)
        {
            _held.Remove(id, out var held);

            // A budget that was deleted and made anew knows nothing of what the former held.
            foreach (var budget in held.Budgets.Where(_budgets.ContainsKey).Select(b => _budgets[b]))
            {
                budget.Reserved -= held.Amount;
                budget.Spent += cost;
            }
        }

        private async Task PutAsync()
        {
            var id = Ids[_random.Next(Ids.Length)];
            var period = (BudgetPeriod)_random.Next(3);
            var zone = Zones[_random.Next(Zones.Length)];
            if (_budgets.TryGetValue(id, out var there) && _random.Next(2) == 0)
                (period, zone) = (there.Period, there.Zone);
            var limit = Money(10);
            Tell($"put {id} {limit} {period} {zone}");
            await store.PutBudgetAsync(Make.Budget(id, limit, period, zone: zone), _now, 100, Token);
            var (start, end) = BudgetPeriods.Around(period, BudgetPeriods.Zone(zone), _now);
            if (there is null)
                _budgets[id] = new Expected { Limit = limit, Period = period, Zone = zone, Start = start, End = end };
            else if ((there.Period, there.Zone) == (period, zone))
                there.Limit = limit;
            else
                (there.Limit, there.Period, there.Zone, there.Start, there.End, there.Spent) = (limit, period, zone, start, end, 0);
        }

        private async Task DeleteAsync()
        {
            var id = Ids[_random.Next(Ids.Length)];
            Tell($"delete {id}");
            Assert.Equal(_budgets.Remove(id), await store.DeleteBudgetAsync(id, Token));

            // What it held is settled by nobody: the model forgets it, so the store has to as well.
            foreach (var (call, held) in _held.ToArray())
                _held[call] = held with { Budgets = [.. held.Budgets.Where(b => b != id)] };
        }

        private Task PassAsync()
        {
            _now += TimeSpan.FromMinutes(_random.Next(4) == 0 ? _random.Next(60 * 40) : _random.Next(10));
            Tell($"it is {_now:O}");
            return Task.CompletedTask;
        }

        private async Task SweepAsync()
        {
            foreach (var (id, held) in _held.ToArray())
            {
                if (held.LapsesAt is null && held.ExpiresAt <= _now)
                    _held[id] = held with { LapsesAt = _now + Grace };
            }

            var lapsed = _held.Where(h => h.Value.LapsesAt <= _now).ToArray();
            var charged = await store.ChargeLapsedAsync(_now, Grace, Token);
            Tell($"sweep: {charged}");
            Assert.True(lapsed.Length == charged, $"seed {seed}: {string.Join('\n', _story.TakeLast(15))}");
            foreach (var (id, held) in lapsed)
                Charge(id, held.Amount);
        }

        private decimal Money(int most) => decimal.Round((decimal)_random.NextDouble() * most, 9);

        private void Tell(string what) => _story.Add(what);
    }

    private sealed class Expected
    {
        public required decimal Limit { get; set; }

        public required BudgetPeriod Period { get; set; }

        public required string Zone { get; set; }

        public DateTimeOffset Start { get; set; }

        public DateTimeOffset? End { get; set; }

        public decimal Spent { get; set; }

        public decimal Reserved { get; set; }

        public override string ToString() => $"expected {Limit} {Spent} {Reserved} {Start:O}..{End:O}";
    }
}
