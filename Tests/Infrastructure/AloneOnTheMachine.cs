namespace OsMEN.Tests.Infrastructure;

/// <summary>Tests that measure time: they run after all others, one at a time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneOnTheMachine
{
    public const string Name = "alone on the machine";
}
