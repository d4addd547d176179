using System.Globalization;
using System.Threading.Channels;

namespace OsMEN.LocalHosting.Output;

/// <summary>
/// Lines of every resource, <c>name | text</c>, in one stream, and each resource's own in a file. A console that does not
/// take them (a paused terminal, a full pipe) holds up no resource: lines are dropped then, and how many is said.
/// </summary>
internal sealed class ConsoleOutput : IAsyncDisposable
{
    private const int Waiting = 10_000;
    private const int NameWidth = 14;

    private readonly Channel<string> _lines;
    private readonly List<LogFile> _files = [];
    private readonly string _logs;
    private readonly Task _writing;
    private long _dropped;
    private volatile bool _isHeld;

    public ConsoleOutput(TextWriter console, string logs)
    {
        _logs = logs;
        IsTerminal = StartTable.IsWanted(console);
        Running.LocalFolder.CreatePrivate(logs);
        _lines = Channel.CreateBounded<string>(
            new BoundedChannelOptions(Waiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true }, _ => Interlocked.Increment(ref _dropped));
        _writing = Task.Run(() => WriteAsync(console));
    }

    /// <summary>Whether somebody looks at a terminal.</summary>
    public bool IsTerminal { get; }

    /// <summary>Keeps the console free for something else until disposed. What resources say meanwhile is in their files only.</summary>
    public IDisposable Hold()
    {
        _isHeld = true;
        return new Held(this);
    }

    /// <summary>A line of AppHost's own, about a resource or, without a name, about all.</summary>
    public void Say(string? name, FormattableString text) => Say(name, text.ToString(CultureInfo.InvariantCulture));

    /// <inheritdoc cref="Say(string?, FormattableString)"/>
    public void Say(string? name, string text)
    {
        if (!_isHeld)
            _lines.Writer.TryWrite(name is null ? text : Prefixed(name, '>', text));
    }

    /// <summary>Where a resource's lines go: the console and <c>logs/name.log</c>.</summary>
    public Action<string> Open(string name)
    {
        var file = new LogFile(Path.Combine(_logs, name + ".log"));
        lock (_files)
            _files.Add(file);
        return line =>
        {
            if (!_isHeld)
                _lines.Writer.TryWrite(Prefixed(name, '|', line));
            file.WriteLine(line);
        };
    }

    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();

        // A console that takes nothing must not keep the process.
        await Task.WhenAny(_writing, Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System));
        foreach (var file in _files)
            file.Dispose();
    }

    private static string Prefixed(string name, char mark, string text) => $"{name.PadRight(NameWidth)} {mark} {text}";

    private async Task WriteAsync(TextWriter console)
    {
        await foreach (var line in _lines.Reader.ReadAllAsync())
        {
            if (Interlocked.Exchange(ref _dropped, 0) is > 0 and var dropped)
                await console.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"… {dropped} lines were not shown: the console was too slow. They are in {_logs}."));
            await console.WriteLineAsync(line);
        }

        await console.FlushAsync();
    }

    private sealed class Held(ConsoleOutput output) : IDisposable
    {
        public void Dispose() => output._isHeld = false;
    }
}
