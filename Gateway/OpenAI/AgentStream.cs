using System.Buffers;
using System.Text.Json;
using OsMEN.Llm;

namespace OsMEN.Gateway.OpenAI;

/// <summary>Turns an execution's events into chunks of a completion, or, where no stream is wanted, waits for the end.</summary>
internal sealed class AgentStream(CompletionWriter writer, HttpResponse response, bool isStream)
{
    private bool _hasSpoken;

    /// <summary>Whether the status is gone, so that an error has to come as an event.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Takes one event. False when the execution has begun anew after something of its output was sent.</summary>
    public bool Take(string frame)
    {
        if (!isStream)
            return true;
        using var json = JsonDocument.Parse(frame);
        var data = json.RootElement.GetProperty("data");
        if (data.TryGetProperty("delta", out var delta))
        {
            Begin();
            writer.Text(response.BodyWriter, delta.GetString()!);
            _hasSpoken = true;
        }

        return !_hasSpoken || !data.TryGetProperty("status", out var status) || !status.ValueEquals("RUNNING"u8);
    }

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (HasBegun)
            await response.BodyWriter.FlushAsync(cancellationToken);
    }

    /// <summary>Shows a client that waits for a stream that the connection is alive.</summary>
    public async ValueTask BeatAsync(CancellationToken cancellationToken)
    {
        if (!isStream)
            return;
        Begin();
        response.BodyWriter.Write(": still there\n\n"u8);
        await response.BodyWriter.FlushAsync(cancellationToken);
    }

    /// <summary>The output, in so far as it was not sent yet, and what was used.</summary>
    public void End(string output, TokenUsage usage)
    {
        var body = response.BodyWriter;
        if (!isStream)
        {
            response.ContentType = "application/json";
            writer.Whole(body, output, [], "stop", usage);
            return;
        }

        Begin();
        if (!_hasSpoken && output.Length > 0)
            writer.Text(body, output);
        writer.Finish(body, "stop");
        writer.End(body, usage);
    }

    private void Begin()
    {
        if (HasBegun)
            return;
        HasBegun = true;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        response.Headers["X-Accel-Buffering"] = "no";
        writer.Role(response.BodyWriter);
    }
}
