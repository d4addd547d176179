namespace OsMEN.Llm.Pipeline;

/// <summary>
/// Turns a provider's HTTP error into an <see cref="LlmException"/> before a client library sees it: the libraries each have
/// exceptions of their own, and drop <c>Retry-After</c>.
/// </summary>
internal sealed class ProviderErrors(TimeProvider time) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        var call = ProviderCall.Current;
        try
        {
            call?.IsSent = true;
            response = await base.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            call?.IsSent = false;
            throw new LlmException(LlmErrorKind.Unavailable, $"{request.RequestUri?.Authority} could not be reached: {e.HttpRequestError}.", e);
        }

        if (response.IsSuccessStatusCode && IsOfModel(response))
        {
            call?.IsAccepted = true;
            await CheckAsync(response, request.RequestUri?.Authority, () => call?.Refuse(), cancellationToken);
            return response;
        }

        using (response)
        {
            call?.Refuse();
            if (response.IsSuccessStatusCode)
                throw new LlmException(LlmErrorKind.Unavailable, $"{request.RequestUri?.Authority} answered {MediaType(response)}, which no model speaks: is it the right address?");
            throw await ProviderRefusal.ReadAsync(response, time, cancellationToken);
        }
    }

    // Some providers, and proxies in front of them, report their errors with the status 200.
    private static async Task CheckAsync(HttpResponseMessage response, string? who, Action onRefused, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.OrdinalIgnoreCase) == true)
        {
            await response.Content.LoadIntoBufferAsync(cancellationToken);
            if (AnswerErrors.Find(await response.Content.ReadAsByteArrayAsync(cancellationToken), who) is { } error)
            {
                onRefused();
                response.Dispose();
                throw error;
            }

            return;
        }

        var content = new StreamContent(new ErrorEventStream(await response.Content.ReadAsStreamAsync(cancellationToken), who, onRefused));
        foreach (var (name, values) in response.Content.Headers)
            content.Headers.TryAddWithoutValidation(name, values);
        response.Content = content;
    }

    // A proxy's or a portal's page comes as 200 too. Some servers name no type.
    internal static bool IsOfModel(HttpResponseMessage response) =>
        response.Content.Headers.ContentType?.MediaType is not { } type ||
        type.EndsWith("json", StringComparison.OrdinalIgnoreCase) || type.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase) ||
        type.Equals("application/octet-stream", StringComparison.OrdinalIgnoreCase);

    private static string MediaType(HttpResponseMessage response) =>
        response.Content.Headers.ContentType?.MediaType is { Length: <= 100 } type ? type : "a type";
}
