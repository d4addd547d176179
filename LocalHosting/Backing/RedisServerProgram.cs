using System.Globalization;
using OsMEN.LocalHosting.Running;

namespace OsMEN.LocalHosting.Backing;

/// <summary>The Redis or Valkey of this machine. It keeps nothing: PostgreSQL is the truth.</summary>
internal sealed class RedisServerProgram(RedisResource redis, LocalFolder folder) : ResourceProgram(redis)
{
    private readonly string _program = Executables.Find("redis-server", "valkey-server")
        ?? throw new DistributedApplicationException("neither redis-server nor valkey-server is on PATH: install Redis or Valkey (Debian: apt install redis-server; macOS: brew install redis), or use --backing embedded.");

    private string Directory => Path.Combine(folder.Native, Resource.Name);

    public override Task PrepareAsync(Action<string> say, CancellationToken cancellationToken)
    {
        System.IO.Directory.CreateDirectory(Directory);
        return Unprivileged.OwnAsync(Directory, cancellationToken);
    }

    public override ValueTask<ProgramPlan?> PlanAsync(int replica, CancellationToken cancellationToken)
    {
        var port = Port(replica, RedisResource.PrimaryEndpointName).ToString(CultureInfo.InvariantCulture);
        var (program, arguments) = Unprivileged.Command(
            _program, ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", Directory]);
        return new(new ProgramPlan(program, arguments) { WorkingDirectory = Directory });
    }

    public override Task<string?> ProbeAsync(int replica, CancellationToken cancellationToken) =>
        RedisPing.ProbeAsync(Port(replica, RedisResource.PrimaryEndpointName), cancellationToken);
}
