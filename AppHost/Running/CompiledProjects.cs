using System.Reflection;

namespace OsMEN.AppHost.Running;

/// <summary>
/// Starts services as compiled programs. Aspire starts a project by <c>dotnet run</c>, which costs 4 CPU-seconds and 70 MB for each process;
/// AppHost's build has compiled the services already.
/// </summary>
internal static class CompiledProjects
{
    /// <summary>The assembly that the build of AppHost made of a project that it references.</summary>
    /// <param name="project">The project file's name, without its ending.</param>
    public static string OutputOf(string project) =>
        typeof(CompiledProjects).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == $"output:{project}").Value!;

    /// <summary>Runs the project's assembly instead of <c>dotnet run</c>, unless an IDE or <c>dotnet watch</c> starts it.</summary>
    public static IResourceBuilder<ProjectResource> RunCompiled(this IResourceBuilder<ProjectResource> project)
    {
        var configuration = project.ApplicationBuilder.Configuration;
        if (configuration["DEBUG_SESSION_PORT"] is { Length: > 0 } || configuration["DOTNET_WATCH"] is { Length: > 0 })
            return project;
        var path = project.Resource.GetProjectMetadata().ProjectPath;
        return project
            .WithAnnotation(new ExecutableAnnotation { Command = "dotnet", WorkingDirectory = Path.GetDirectoryName(path)! })
            .WithArgs(OutputOf(Path.GetFileNameWithoutExtension(path)));
    }
}
