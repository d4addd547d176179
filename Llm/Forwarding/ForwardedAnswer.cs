using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using OsMEN.Llm.Pipeline;

namespace OsMEN.Llm.Forwarding;

/// <summary>
/// An answer in OpenAI's wire format as its provider sends it: whole, or a stream of server-sent events. It is to be written, and disposed of,
/// by whoever asked for it; the call is told when its end is known.
/// </summary>
public sealed class ForwardedAnswer : IAsyncDisposable
{
    // One event: an image or sound may be in it.
    private const int MaxEvent = 16 << 20;

    private readonly ForwardRequest _request;
    private readonly ForwardMeter _meter;
    private readonly ForwardPatience _patience;
    private readonly HttpResponseMessage _response;
    private readonly Activity? _span;
    private readonly Stream? _stream;
    private byte[] _buffer = [];
    private int _filled;
    private int _scanned;
    private int _event;
    private bool _dropEvent;
    private bool _done;

    internal ForwardedAnswer(ForwardRequest request, ForwardMeter meter, ForwardPatience patience, HttpResponseMessage response, Activity? span, ReadOnlyMemory<byte> body)
    {
        (_request, _meter, _patience, _response, _span, Body) = (request, meter, patience, response, span, body);
    }

    internal ForwardedAnswer(ForwardRequest request, ForwardMeter meter, ForwardPatience patience, HttpResponseMessage response, Activity? span, Stream stream)
    {
        (_request, _meter, _patience, _response, _span, _stream) = (request, meter, patience, response, span, stream);
        _buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
    }

    /// <summary>Whether <see cref="WriteAsync"/> writes events; else <see cref="Body"/> is all of it.</summary>
    public bool IsStream => _stream is not null;

    /// <summary>An answer that is no stream.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>Waits for the first event of a stream; false when there is none.</summary>
    /// <exception cref="LlmException">The event reports an error. Nothing was passed on, so another model may be asked.</exception>
    internal async ValueTask<bool> BeginAsync()
    {
        var line = 0;
        while (await ReadAsync())
        {
            while (_buffer.AsSpan(line, _filled - line).IndexOf((byte)'\n') is var length and >= 0)
            {
                var bytes = _buffer.AsSpan(line, length);
                line += length + 1;
                if (!AnswerErrors.IsData(bytes))
                    continue;
                if (AnswerErrors.FindInLine(bytes, _response.RequestMessage?.RequestUri?.Authority) is not { } error)
                    return true;
                _meter.Refuse();
                throw error;
            }
        }

        return _filled > 0;
    }

    /// <summary>Writes events as they come until the end. When the client leaves, it reads on to the usage without writing.</summary>
    /// <exception cref="LlmException">The stream broke off, after what had come of it was written.</exception>
    public async Task WriteAsync(PipeWriter client, CancellationToken cancellationToken)
    {
        try
        {
            do
            {
                Take(client);
                if (!_patience.HasLeft)
                    await FlushAsync(client, cancellationToken);
            }
            while (await ReadAsync());
            TakeRest(client);
            if (!_patience.HasLeft)
                await FlushAsync(client, cancellationToken);
            Finish();
        }
        catch (Exception e) when (e is not LlmException)
        {
            if (_patience.HasLeft)
            {
                End(LlmCallStatus.Cancelled, e is OperationCanceledException ? null : e.GetType().Name);
                return;
            }

            var error = e is OperationCanceledException && _patience.Token.IsCancellationRequested ? _patience.Late(e)
                : new LlmException(LlmErrorKind.Interrupted, "The answer broke off.", e);
            End(LlmCallStatus.Error, error.Kind.ToString());
            throw error;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Left before its end by whoever asked.
        End(LlmCallStatus.Cancelled, null);
        if (_stream is not null)
        {
            await _stream.DisposeAsync();
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }

        _response.Dispose();
        _patience.Dispose();
        _span?.Dispose();
    }

    private void Finish()
    {
        var (status, error) = _patience.HasLeft ? (LlmCallStatus.Cancelled, null)
            : _meter.Scanner.HasFailed ? (LlmCallStatus.Error, nameof(LlmErrorKind.Unavailable))
            : _done || _meter.Scanner.IsFinished ? (LlmCallStatus.Ok, (string?)null)
            : (LlmCallStatus.Error, nameof(LlmErrorKind.Interrupted));
        End(status, error);
        if (error == nameof(LlmErrorKind.Interrupted))
            throw new LlmException(LlmErrorKind.Interrupted, "The answer stopped before its end.");
    }

    private void End(LlmCallStatus status, string? error)
    {
        if (_meter.End(status, error) is { } call)
            ForwardSpans.Tell(_span, call);
    }

    private async ValueTask<bool> ReadAsync()
    {
        if (_filled == _buffer.Length)
            Grow();
        _patience.ExpectProvider();
        var count = await _stream!.ReadAsync(_buffer.AsMemory(_filled), _patience.Token);
        _patience.ExpectClient();
        _filled += count;
        return count > 0;
    }

    private void Grow()
    {
        if (_buffer.Length >= MaxEvent)
            throw new IOException("An event of the stream is too large.");
        var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
        _buffer.AsSpan(0, _filled).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    // Hands on whole events, since of each is only known at its end whether the client is to see it.
    private void Take(PipeWriter client)
    {
        var bytes = _buffer.AsSpan(0, _filled);
        var (written, at) = (0, _scanned);
        while (bytes[at..].IndexOf((byte)'\n') is var length and >= 0)
        {
            var line = bytes.Slice(at, length);
            at += length + 1;
            if (line is [.., (byte)'\r'])
                line = line[..^1];
            if (line.Length > 0)
            {
                ScanLine(line);
                continue;
            }

            if (_dropEvent)
            {
                Write(client, bytes[written.._event]);
                written = at;
            }

            (_event, _dropEvent) = (at, false);
        }

        Write(client, bytes[written.._event]);
        _scanned = at - _event;
        bytes[_event..].CopyTo(_buffer);
        _filled -= _event;
        _event = 0;
    }

    // An event at the very end may lack the empty line that closes it.
    private void TakeRest(PipeWriter client)
    {
        if (_filled > _scanned)
            ScanLine(_buffer.AsSpan(_scanned, _filled - _scanned).TrimEnd((byte)'\r'));
        if (!_dropEvent)
            Write(client, _buffer.AsSpan(0, _filled));
        _filled = 0;
    }

    private void ScanLine(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith("data:"u8))
            return;
        var data = line[5..].Trim((byte)' ');
        if (data.SequenceEqual("[DONE]"u8))
            _done = true;
        else if (_meter.AddChunk(data))
            _dropEvent = !_request.WantsUsage;
    }

    private void Write(PipeWriter client, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 0 && !_patience.HasLeft)
            client.Write(bytes);
    }

    private async ValueTask FlushAsync(PipeWriter client, CancellationToken cancellationToken)
    {
        try
        {
            if ((await client.FlushAsync(cancellationToken)).IsCompleted)
                _patience.Leave();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _patience.Leave();
        }
    }
}
