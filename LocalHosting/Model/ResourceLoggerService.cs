using System.Runtime.CompilerServices;
using OsMEN.LocalHosting.Output;

namespace OsMEN.LocalHosting;

/// <summary>What the resources of a started application write to their consoles.</summary>
public sealed class ResourceLoggerService
{
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(100);

    private readonly TaskCompletionSource<(ConsoleLines Lines, IReadOnlyDictionary<string, int> Replicas)> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal ResourceLoggerService()
    {
    }

    /// <summary>The lines of all replicas of a resource, from the oldest that is kept (see <see cref="ConsoleLines.MaxLines"/>) on, until cancelled.</summary>
    /// <exception cref="ArgumentException">There is no such resource.</exception>
    public IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync(string resourceName)
    {
        ArgumentException.ThrowIfNullOrEmpty(resourceName);
        return FollowAsync(resourceName);
    }

    internal void SetSource(ConsoleLines lines, IReadOnlyDictionary<string, int> replicas) => _source.TrySetResult((lines, replicas));

    private async IAsyncEnumerable<IReadOnlyList<LogLine>> FollowAsync(string resourceName, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var (lines, replicas) = await _source.Task.WaitAsync(cancellationToken);
        if (!replicas.TryGetValue(resourceName, out var count))
            throw new ArgumentException($"No resource \"{resourceName}\" runs.", nameof(resourceName));
        var seen = new long[count];
        var number = 0;
        using var timer = new PeriodicTimer(s_period);
        do
        {
            var batch = new List<ConsoleLine>();
            for (var i = 0; i < count; i++)
            {
                if (lines.After(resourceName, i, seen[i]) is not { Lines: { Count: > 0 } fresh })
                    continue;
                batch.AddRange(fresh);
                seen[i] = fresh[^1].Number;
            }

            if (batch.Count > 0)
                yield return [.. batch.OrderBy(l => l.Time).Select(l => new LogLine(++number, l.Text, IsErrorMessage: false))];
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }
}

/// <summary>A line that a resource wrote.</summary>
/// <param name="LineNumber">Counts up from 1 within a watch.</param>
/// <param name="Content">The text.</param>
/// <param name="IsErrorMessage">Whether it is known to come from the error stream; here both are one.</param>
public readonly record struct LogLine(int LineNumber, string Content, bool IsErrorMessage);
