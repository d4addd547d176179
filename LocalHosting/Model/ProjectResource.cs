namespace OsMEN.LocalHosting;

/// <summary>A .NET project of the solution, built with AppHost.</summary>
public sealed class ProjectResource(string name) : Resource(name), IResourceWithArgs, IResourceWithEnvironment, IResourceWithEndpoints, IResourceWithWaitSupport;

/// <summary>A project that AppHost refers to. The build writes one class in the namespace <c>Projects</c> for each.</summary>
public interface IProjectMetadata : IResourceAnnotation
{
    /// <summary>The project file.</summary>
    string ProjectPath { get; }

    /// <summary>What its build made: the assembly that <c>dotnet</c> runs.</summary>
    string OutputPath { get; }
}
