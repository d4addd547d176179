namespace OsMEN.Llm.Pipeline;

/// <summary>
/// A stream of server-sent events that throws the <see cref="LlmException"/> of an event that reports an error. Events before it are read first.
/// Client libraries either ignore such an event or raise an exception without its type.
/// </summary>
/// <param name="who">The provider's host, for the message.</param>
/// <param name="onRefused">Called when the error is the first event: the provider did no work.</param>
internal sealed class ErrorEventStream(Stream inner, string? who, Action onRefused) : Stream
{
    // A longer line is no error, and is not kept.
    private const int MaxLine = 64 * 1024;

    private readonly List<byte> _line = [];
    private bool _skipLine;
    private bool _hasData;
    private LlmException? _error;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_error is not null)
            throw _error;
        var count = await inner.ReadAsync(buffer, cancellationToken);
        var good = Scan(buffer.Span[..count]);
        return _error is not null && good == 0 ? throw _error : good;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read this stream asynchronously.");

    public override void Flush()
    {
        // Nothing is written.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    // Returns how many of the bytes come before the line of an error.
    private int Scan(ReadOnlySpan<byte> bytes)
    {
        var start = 0;
        while (bytes[start..].IndexOf((byte)'\n') is var length and >= 0)
        {
            Keep(bytes.Slice(start, length));
            if (EndsInError())
                return start;
            start += length + 1;
            _line.Clear();
            _skipLine = false;
        }

        Keep(bytes[start..]);

        // The end of the stream ends the line too.
        return bytes.Length == 0 && EndsInError() ? 0 : bytes.Length;
    }

    private void Keep(ReadOnlySpan<byte> part)
    {
        _skipLine |= _line.Count + part.Length > MaxLine;
        if (!_skipLine)
            _line.AddRange(part);
    }

    private bool EndsInError()
    {
        var line = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_line);
        _error = _skipLine ? null : AnswerErrors.FindInLine(line, who);
        if (_error is not null && !_hasData)
            onRefused();
        _hasData |= _skipLine || AnswerErrors.IsData(line);
        return _error is not null;
    }
}
