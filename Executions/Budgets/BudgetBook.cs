using OsMEN.Llm;

namespace OsMEN.Executions.Budgets;

/// <summary>
/// What budgets there are, in memory, so that a call which none matches asks no database. What was read is used for at most <see cref="Lease"/>:
/// once a change is that old, every process goes by it (<see cref="BudgetBook.HoldsAfter"/>).
/// </summary>
public sealed class BudgetBook(IBudgetStore store, TimeProvider time)
{
    /// <summary>The longest that a process goes by what it read.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromMilliseconds(500);

    /// <summary>When a change surely holds everywhere.</summary>
    public static readonly TimeSpan HoldsAfter = Lease + TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private volatile Page? _page;
    private Task<Page>? _reading;

    /// <summary>The definitions of the budgets that a call counts for.</summary>
    public async ValueTask<IReadOnlyList<BudgetDefinition>> MatchAsync(BudgetSubject subject, ModelName? model, CancellationToken cancellationToken)
    {
        var page = _page;
        var age = page is null ? Lease : time.GetElapsedTime(page.AskedAt);
        if (page is null || age >= Lease)
            page = await ReadAsync().WaitAsync(cancellationToken);
        else if (age >= Lease / 2)
            _ = ReadAsync();
        return page.Budgets.Count == 0 ? [] : [.. page.Budgets.Where(b => b.Scope.Matches(subject, model))];
    }

    /// <summary>Forgets what was read: for the process that changes something.</summary>
    public void Forget()
    {
        lock (_lock)
            (_page, _reading) = (null, null);
    }

    private Task<Page> ReadAsync()
    {
        lock (_lock)
        {
            if (_reading is null)
            {
                var asked = time.GetTimestamp();
                _reading = Task.Run(() => ReadAsync(asked));
                _ = _reading.ContinueWith(t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            }

            return _reading;
        }
    }

    private async Task<Page> ReadAsync(long asked)
    {
        Task<Page>? mine = null;
        try
        {
            lock (_lock)
                mine = _reading;
            var page = new Page([.. (await store.ListBudgetsAsync(CancellationToken.None)).Select(b => b.Definition)], asked);
            lock (_lock)
            {
                if (ReferenceEquals(mine, _reading))
                    _page = page;
            }

            return page;
        }
        finally
        {
            lock (_lock)
            {
                if (ReferenceEquals(mine, _reading))
                    _reading = null;
            }
        }
    }

    private sealed record Page(IReadOnlyList<BudgetDefinition> Budgets, long AskedAt);
}
