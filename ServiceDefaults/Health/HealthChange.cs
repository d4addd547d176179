using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace OsMEN.ServiceDefaults.Health;

/// <summary>A component that changed.</summary>
/// <param name="Id">Unique; sorts by time.</param>
/// <param name="Service">The service that found it, such as <c>gateway</c>.</param>
/// <param name="Instance">Which of its processes: <see cref="ServiceIdentity.InstanceId"/>.</param>
/// <param name="From">Null at the first result of a process.</param>
/// <param name="At">When the check answered, by that process's clock; to the millisecond.</param>
/// <param name="Message">What the check said, without secrets, at most 1,000 characters.</param>
public sealed record HealthChange(Guid Id, string Service, string Instance, string Component, HealthStatus? From, HealthStatus To, DateTimeOffset At, string? Message);
