using System.Security.Cryptography;

namespace OsMEN.AgentWorker.Claiming;

/// <summary>This life of this process: after a restart it is another worker, and what the former held is not its own.</summary>
public sealed class WorkerIdentity
{
    public string Id { get; } = $"{Environment.MachineName.ToLowerInvariant()}-{RandomNumberGenerator.GetHexString(6, lowercase: true)}";
}
