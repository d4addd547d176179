namespace OsMEN.LocalHosting;

/// <summary>What a model is built for.</summary>
public sealed class DistributedApplicationExecutionContext(DistributedApplicationOperation operation)
{
    public DistributedApplicationOperation Operation => operation;

    /// <summary>The resources are run on this machine.</summary>
    public bool IsRunMode => operation == DistributedApplicationOperation.Run;

    /// <summary>The model is written out to be run elsewhere.</summary>
    public bool IsPublishMode => operation == DistributedApplicationOperation.Publish;
}

/// <summary>Run here, or written out to be run elsewhere.</summary>
public enum DistributedApplicationOperation
{
    Run,
    Publish,
}
