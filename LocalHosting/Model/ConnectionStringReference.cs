namespace OsMEN.LocalHosting;

/// <summary>The connection string of a resource, for others to refer to.</summary>
public sealed class ConnectionStringReference(IResourceWithConnectionString resource) : IValueProvider, IManifestExpressionProvider
{
    public IResourceWithConnectionString Resource => resource;

    public string ValueExpression => $"{{{resource.Name}.connectionString}}";

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => resource.ConnectionStringExpression.GetValueAsync(cancellationToken);
}
