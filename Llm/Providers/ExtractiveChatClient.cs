using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Providers;

/// <summary>
/// The <c>offline</c> model, which is no model: it answers with the most important sentences and lines of the last user message (see
/// <see cref="Extract"/>), below its first heading in capitals if it has one. Everything around a model can be tried with it without a key, a
/// network or costs. The same input always gives the same answer.
/// </summary>
internal sealed class ExtractiveChatClient : IChatClient
{
    public const string Notice = "[offline] No model is configured: this is an extract of the input.";

    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var all = messages as IList<ChatMessage> ?? [.. messages];
        var input = Material(all.LastOrDefault(m => m.Role == ChatRole.User)?.Text ?? "");
        var id = Guid.CreateVersion7().ToString("N");
        var written = 0;
        foreach (var piece in Extract.Of(input).Select(line => "\n- " + line).Prepend(Notice))
        {
            cancellationToken.ThrowIfCancellationRequested();
            written += piece.Length;
            yield return Update(id, new TextContent(piece));
        }

        var read = all.Sum(m => (long)m.Text.Length) + (options?.Instructions?.Length ?? 0);
        var last = Update(id, new UsageContent(new UsageDetails
        {
            InputTokenCount = TextMeter.Estimate(read),
            OutputTokenCount = TextMeter.Estimate(written),
        }));
        last.FinishReason = ChatFinishReason.Stop;
        yield return last;
        await Task.CompletedTask;
    }

    // Prompts have their instructions before a heading in capitals (TEXT), and what they are about after it. In a workflow it may be
    // an earlier extract.
    private static string Material(string text)
    {
        var lines = text.Split('\n');
        var heading = Array.FindIndex(lines, IsHeading);
        var isExtract = text.Contains(Notice, StringComparison.Ordinal);
        return string.Join('\n', lines[(heading + 1)..].Where(l => !IsHeading(l) && !l.Contains(Notice, StringComparison.Ordinal))
            .Select(l => isExtract && l.StartsWith("- ", StringComparison.Ordinal) ? l[2..] : l));
    }

    private static bool IsHeading(string line) =>
        line.AsSpan().Trim() is { Length: >= 3 and <= 60 } heading && !heading.ContainsAnyExcept("ABCDEFGHIJKLMNOPQRSTUVWXYZ ',-") && heading.ContainsAnyInRange('A', 'Z');

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
        // Holds nothing.
    }

    private static ChatResponseUpdate Update(string id, AIContent content) => new(ChatRole.Assistant, [content])
    {
        ResponseId = id,
        MessageId = id,
        ModelId = ModelName.Offline.Model,
    };
}
