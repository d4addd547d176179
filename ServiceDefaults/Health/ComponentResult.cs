using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace OsMEN.ServiceDefaults.Health;

/// <summary>The latest answer of a check.</summary>
internal sealed record ComponentResult(HealthStatus Status, string? Message, IReadOnlyDictionary<string, object> Data, TimeSpan ResponseTime, DateTimeOffset CheckedAt);
