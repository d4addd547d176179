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
        try
        {
            response = await base.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw new LlmException(LlmErrorKind.Unavailable, $"{request.RequestUri?.Authority} could not be reached: {e.HttpRequestError}.", e);
        }

        if (response.IsSuccessStatusCode && IsOfModel(response))
        {
            if (ProviderCall.Current is { } call)
                call.IsAccepted = true;
            return response;
        }

        using (response)
        {
            if (response.IsSuccessStatusCode)
                throw new LlmException(LlmErrorKind.Unavailable, $"{request.RequestUri?.Authority} answered {MediaType(response)}, which no model speaks: is it the right address?");
            throw await ProviderRefusal.ReadAsync(response, time, cancellationToken);
        }
    }

    // A proxy's or a portal's page comes as 200 too. Some servers name no type.
    internal static bool IsOfModel(HttpResponseMessage response) =>
        response.Content.Headers.ContentType?.MediaType is not { } type ||
        type.EndsWith("json", StringComparison.OrdinalIgnoreCase) || type.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase) ||
        type.Equals("application/octet-stream", StringComparison.OrdinalIgnoreCase);

    private static string MediaType(HttpResponseMessage response) =>
        response.Content.Headers.ContentType?.MediaType is { Length: <= 100 } type ? type : "a type";
}
