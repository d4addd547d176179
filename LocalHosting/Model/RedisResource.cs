namespace OsMEN.LocalHosting;

/// <summary>A server that speaks Redis's protocol.</summary>
public sealed class RedisResource(string name, ParameterResource password) : ContainerResource(name), IResourceWithConnectionString
{
    internal const string PrimaryEndpointName = "tcp";

    public EndpointReference PrimaryEndpoint => new(this, PrimaryEndpointName);

    /// <summary>Its password. Embedded and native servers have none, see <see cref="ConnectionStringRedirectAnnotation"/>: they listen on 127.0.0.1 only.</summary>
    public ParameterResource PasswordParameter => password;

    public ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)},password={password}");

    public IEnumerable<KeyValuePair<string, ReferenceExpression>> GetConnectionProperties() =>
    [
        new("Host", ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.Host)}")),
        new("Port", ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.Port)}")),
        new("Password", ReferenceExpression.Create($"{password}")),
        new("Uri", ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.Scheme)}://:{password:uri}@{PrimaryEndpoint.Property(EndpointProperty.Host)}:{PrimaryEndpoint.Property(EndpointProperty.Port)}")),
    ];

    /// <summary>The same server, reached without a password.</summary>
    internal IResourceWithConnectionString Passwordless() => new OpenRedis(this);

    private sealed class OpenRedis(RedisResource redis) : Resource(redis.Name), IResourceWithConnectionString
    {
        public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"{redis.PrimaryEndpoint.Property(EndpointProperty.HostAndPort)}");

        public IEnumerable<KeyValuePair<string, ReferenceExpression>> GetConnectionProperties() =>
        [
            new("Host", ReferenceExpression.Create($"{redis.PrimaryEndpoint.Property(EndpointProperty.Host)}")),
            new("Port", ReferenceExpression.Create($"{redis.PrimaryEndpoint.Property(EndpointProperty.Port)}")),
            new("Uri", ReferenceExpression.Create($"redis://{redis.PrimaryEndpoint.Property(EndpointProperty.HostAndPort)}")),
        ];
    }
}
