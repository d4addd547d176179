namespace OsMEN.LocalHosting.Backing.Containers;

/// <summary>Redis in a container.</summary>
internal sealed class RedisContainerProgram(RedisResource redis, ContainerNetwork network) : ContainerProgram(redis, network)
{
    public override async Task<string?> ProbeAsync(int replica, CancellationToken cancellationToken) =>
        await RedisPing.ProbeAsync(Port(replica, RedisResource.PrimaryEndpointName), cancellationToken, await redis.PasswordParameter.GetValueAsync(cancellationToken));
}
