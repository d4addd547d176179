using System.Globalization;

namespace OsMEN.AppHost.Publishing;

/// <summary>Writes a value of the model in the language of what it is published to.</summary>
internal abstract class ValueWriter(PublishedModel model)
{
    /// <exception cref="DistributedApplicationException">The value is of a type that this cannot write.</exception>
    public string Write(object value) => value switch
    {
        string text => Literal(text),
        ParameterResource parameter => Parameter(parameter),
        ConnectionStringReference reference => ConnectionString(reference.Resource),
        IResourceWithConnectionString resource => ConnectionString(resource),
        EndpointReference reference => Endpoint(reference, EndpointProperty.Url),
        EndpointReferenceExpression expression => Endpoint(expression.Endpoint, expression.Property),
        ReferenceExpression { IsConditional: true } expression => Condition(expression),

        // A format such as "uri" is not applied: parameters are required to have no character that needs an escape.
        ReferenceExpression expression =>
            string.Format(CultureInfo.InvariantCulture, Literal(expression.Format), [.. expression.ValueProviders.Select(Write)]),
        _ => throw new DistributedApplicationException($"A value of the type {value.GetType().Name} cannot be published."),
    };

    /// <summary>Everything that a value refers to, directly or through another.</summary>
    public static IEnumerable<object> References(object value) => value switch
    {
        ConnectionStringReference reference => References(reference.Resource.ConnectionStringExpression),
        IResourceWithConnectionString resource => References(resource.ConnectionStringExpression),
        EndpointReferenceExpression expression => [expression.Endpoint],
        ReferenceExpression { IsConditional: true } expression =>
            References(expression.Condition!).Concat(References(expression.WhenTrue!)).Concat(References(expression.WhenFalse!)),
        ReferenceExpression expression => expression.ValueProviders.SelectMany(References),
        string => [],
        _ => [value],
    };

    /// <summary>The names of all parameters that services refer to, sorted.</summary>
    public static IReadOnlyList<string> Parameters(IEnumerable<PublishedService> services) =>
    [
        .. services.SelectMany(s => s.Environment.Values.Concat(s.Arguments)).SelectMany(References).OfType<ParameterResource>()
            .Select(p => p.Name).Distinct().Order(StringComparer.Ordinal),
    ];

    protected PublishedModel Model => model;

    /// <summary>Text with the target's special characters escaped.</summary>
    protected abstract string Literal(string text);

    protected abstract string Parameter(ParameterResource parameter);

    protected abstract string Host(IResource resource);

    protected abstract string Port(EndpointReference endpoint);

    /// <summary>Text that depends on whether an endpoint uses TLS.</summary>
    protected abstract string TlsCondition(EndpointReference endpoint, string whenTls, string whenPlain);

    protected virtual string ConnectionString(IResourceWithConnectionString resource) => Write(resource.ConnectionStringExpression);

    private string Endpoint(EndpointReference endpoint, EndpointProperty property) => property switch
    {
        EndpointProperty.Url => $"{endpoint.Scheme}://{Host(endpoint.Resource)}:{Port(endpoint)}",
        EndpointProperty.Host or EndpointProperty.IPV4Host => Host(endpoint.Resource),
        EndpointProperty.HostAndPort => $"{Host(endpoint.Resource)}:{Port(endpoint)}",
        EndpointProperty.Port => Port(endpoint),
        EndpointProperty.TargetPort => Model.PortOf(endpoint).ToString(CultureInfo.InvariantCulture),
        EndpointProperty.Scheme => endpoint.Scheme,
        _ => throw new DistributedApplicationException(
            $"The property {property} of the endpoint \"{endpoint.EndpointName}\" of \"{endpoint.Resource.Name}\" cannot be published."),
    };

    private string Condition(ReferenceExpression expression) =>
        expression is { Condition: EndpointReferenceExpression { Property: EndpointProperty.TlsEnabled } tls, MatchValue: "True" }
            ? TlsCondition(tls.Endpoint, Write(expression.WhenTrue!), Write(expression.WhenFalse!))
            : throw new DistributedApplicationException($"The condition {expression.ValueExpression} cannot be published.");
}
