namespace OsMEN.LocalHosting.Publishing;

/// <summary>Writes values of the model in the language of what they are published to.</summary>
/// <param name="escape">Text as it stands in the model.</param>
/// <param name="parameter">A parameter's value.</param>
/// <param name="endpoint">A part of an endpoint's address; never a whole URL.</param>
internal sealed class ValueText(Func<string, string> escape, Func<ParameterResource, string> parameter, Func<EndpointReference, EndpointProperty, string> endpoint)
{
    public string Of(object value) => value switch
    {
        ParameterResource leaf => parameter(leaf),

        // Generated secrets have no character that would have to be escaped; given ones are asked for without.
        UriEscapedValue escaped => Of(escaped.Value),
        ConnectionStringReference reference => Of(reference.Resource.ConnectionStringExpression),
        EndpointReference reference => Url(reference),
        EndpointReferenceExpression { Property: EndpointProperty.Url } part => Url(part.Endpoint),
        EndpointReferenceExpression { Property: EndpointProperty.HostAndPort } part => $"{endpoint(part.Endpoint, EndpointProperty.Host)}:{endpoint(part.Endpoint, EndpointProperty.Port)}",
        EndpointReferenceExpression { Property: EndpointProperty.Scheme } part => part.Endpoint.Scheme,
        EndpointReferenceExpression part => endpoint(part.Endpoint, part.Property),
        ReferenceExpression expression => string.Concat(expression.Parts.Select(Of)),
        string text => escape(text),
        _ => throw new DistributedApplicationException($"A value of the type {value.GetType().Name} cannot be published."),
    };

    /// <summary>Every endpoint that the value names.</summary>
    public static IEnumerable<EndpointReference> Endpoints(object value) => value switch
    {
        UriEscapedValue escaped => Endpoints(escaped.Value),
        ConnectionStringReference reference => Endpoints(reference.Resource.ConnectionStringExpression),
        EndpointReference reference => [reference],
        EndpointReferenceExpression part => [part.Endpoint],
        ReferenceExpression expression => expression.Parts.SelectMany(Endpoints),
        _ => [],
    };

    /// <summary>Every parameter that the value names.</summary>
    public static IEnumerable<ParameterResource> Parameters(object value) => value switch
    {
        ParameterResource leaf => [leaf],
        UriEscapedValue escaped => Parameters(escaped.Value),
        ConnectionStringReference reference => Parameters(reference.Resource.ConnectionStringExpression),
        ReferenceExpression expression => expression.Parts.SelectMany(Parameters),
        _ => [],
    };

    private string Url(EndpointReference reference) =>
        $"{reference.Scheme}://{endpoint(reference, EndpointProperty.Host)}:{endpoint(reference, EndpointProperty.Port)}";
}
