using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using OsMEN.ServiceDefaults.Tracing;

namespace OsMEN.Llm.Pipeline;

/// <summary>
/// Adds to the span of the <see cref="OpenTelemetryChatClient"/> around it what that client does not know: the provider's name and address,
/// tokens written to the provider's cache, and the kind of an error.
/// </summary>
/// <param name="address">Null for a model in this process.</param>
internal sealed class SpanDetailsChatClient(IChatClient inner, string providerName, Uri? address) : DelegatingChatClient(inner)
{
    private readonly ChatClientMetadata _metadata = new(providerName, address);

    public override object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType == typeof(ChatClientMetadata) ? _metadata : base.GetService(serviceType, serviceKey);

    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var span = Activity.Current;
        try
        {
            var response = await base.GetResponseAsync(messages, options, cancellationToken);
            SetUsage(span, response.Usage);
            return response;
        }
        catch (LlmException e)
        {
            SpanAttributes.SetErrorType(span, e.Kind.ToString());
            throw;
        }
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var span = Activity.Current;
        UsageDetails? usage = null;
        await using var updates = base.GetStreamingResponseAsync(messages, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (!await updates.MoveNextAsync())
                    break;
            }
            catch (LlmException e)
            {
                SpanAttributes.SetErrorType(span, e.Kind.ToString());
                throw;
            }

            foreach (var content in updates.Current.Contents.OfType<UsageContent>())
                (usage ??= new UsageDetails()).Add(content.Details);
            yield return updates.Current;
        }

        SetUsage(span, usage);
    }

    private static void SetUsage(Activity? span, UsageDetails? usage)
    {
        if (span is { IsAllDataRequested: true } && usage is not null && ProviderUsage.FromDetails(usage) is { CacheWrite: > 0 and var written })
            span.SetTag("gen_ai.usage.cache_creation.input_tokens", written);
    }
}
