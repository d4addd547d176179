namespace OsMEN.Gateway.Problems;

internal static class ProblemMetadata
{
    /// <summary>Documents the statuses that an endpoint answers with a problem, beside 401, 403 and 429, which every endpoint has.</summary>
    public static RouteHandlerBuilder ProducesProblems(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in (ReadOnlySpan<int>)[401, 403, 429, .. statuses])
            endpoint.ProducesProblem(status);
        return endpoint;
    }
}
