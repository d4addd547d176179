using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Providers;

/// <summary>
/// The <c>offline</c> model: no model at all. It answers with the sentences and lines of the last user message that weigh
/// most (see <see cref="Extract"/>), so that everything round a model can be tried without a key, a network or costs.
/// The same input always gives the same answer.
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
        var input = all.LastOrDefault(m => m.Role == ChatRole.User)?.Text ?? "";
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
